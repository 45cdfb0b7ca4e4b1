// The example of operator/runtime/README.md: this file is what compiles and is tested, and the
// README has to show the same lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>

#include "apiserver/server.h"
#include "base/json.h"
#include "runtime/manager.h"
#include "runtime/owner.h"
#include "runtime/process.h"
#include "runtime/relations.h"

namespace {

// [example]
// For each Greeting a ConfigMap of its name, with its text.
const kube::ResourceType kGreetings{"example.dev", "v1", "greetings", "Greeting", true};
const kube::ResourceType kConfigMaps{"", "v1", "configmaps", "ConfigMap", true};

class Greeter {
  public:
    explicit Greeter(runtime::Manager& manager)
        : client_(manager.client()),
          greetings_(manager.informer({.type = kGreetings})),
          maps_(manager.informer({.type = kConfigMaps, .labelSelector = "example.dev/greeting"})) {
        auto& controller = manager.controller(
            "greeting", {.workers = 4},
            [this](const auto& key, const auto& context) { return reconcile(key, context); });
        relate(greetings_, controller, runtime::itself());
        relate(maps_, controller, runtime::controllingOwner("Greeting"));
    }

  private:
    runtime::Outcome reconcile(const kube::ObjectKey& key,
                               const runtime::ReconcileContext& context) {
        auto greeting = greetings_.store().get(key);
        if (greeting == nullptr || greeting->meta().deleting) {
            return runtime::Outcome::done();  // what it owns is garbage, and collected
        }
        auto text = base::stringAt(greeting->json(), "/spec/text").value_or("");
        auto map = maps_.store().get(key);
        if (map != nullptr && base::stringAt(map->json(), "/data/text") == text) {
            return runtime::Outcome::done();  // as asked: nothing is written
        }
        base::Json intent{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"data", {{"text", text}}}};
        intent["metadata"] = {{"namespace", key.namespace_},
                              {"name", key.name},
                              {"labels", {{"example.dev/greeting", key.name}}}};
        auto owned = runtime::withController({kGreetings, key, greeting->meta().uid}, kConfigMaps,
                                             std::move(intent));
        if (!owned) {
            return runtime::Outcome::terminal(owned.error().message);
        }
        auto written = client_.apply(kConfigMaps, *owned, context.stop);
        if (!written) {
            return runtime::Outcome::retry(written.error().str());  // with growing pauses
        }
        context.wrote(kConfigMaps.plural, (*written)->meta().resourceVersion);
        return runtime::Outcome::done();
    }

    kube::Client& client_;
    runtime::Informer& greetings_;
    runtime::Informer& maps_;
};

int runGreeter(int argc, char** argv) {
    return runtime::runProcess(
        argc, argv, {.name = "greeter", .reportingController = "example.dev/greeter"},
        [](CLI::App&) {},
        [](runtime::Manager& manager, const auto&) { return std::make_shared<Greeter>(manager); });
}
// [example]

std::string fileOf(const std::string& path) {
    std::ifstream file(std::string(SOURCE_ROOT) + "/" + path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// What stands between the first `begin` and the next `end` after it; empty without them.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
    auto from = text.find(begin);
    if (from == std::string::npos) {
        return "";
    }
    from += begin.size();
    auto to = text.find(end, from);
    return to == std::string::npos ? "" : text.substr(from, to - from);
}

TEST(Example, IsWhatTheReadmeShows) {
    auto source = fileOf("tests/runtime/example_controller.cpp");
    auto code = between(source, "// [example]\n", "// [example]\n");
    ASSERT_FALSE(code.empty());
    EXPECT_EQ(between(fileOf("operator/runtime/README.md"), "```cpp\n", "```\n"), code)
        << "copy the lines between the two [example] marks into the README";
}

TEST(Example, KeepsConfigMapsAsGreetingsAsk) {
    auto server = std::make_shared<test::ApiServer>();
    auto put = [&](const std::string& text) {
        server->put(kGreetings, {{"metadata", {{"namespace", "ns"}, {"name", "a"}}},
                                 {"spec", {{"text", text}}}});
    };
    auto says = [&](const std::string& text) {
        return server->waitFor([&] {
            auto map = server->find(kConfigMaps, {"ns", "a"});
            return map && base::stringAt(*map, "/data/text") == text;
        });
    };
    put("hello");
    runtime::ManagerOptions options;
    options.cluster.server = "https://fake";
    options.name = "greeter";
    options.leaseNamespace = "system";
    options.listenAddress = "127.0.0.1";
    options.listenPort = 0;
    options.transport = server;
    runtime::Manager manager(options);
    Greeter greeter(manager);
    auto exit = std::async(std::launch::async, [&] { return manager.run(); });
    EXPECT_TRUE(says("hello"));
    put("good morning");
    EXPECT_TRUE(says("good morning"));
    server->drop(kConfigMaps, {"ns", "a"});
    EXPECT_TRUE(says("good morning"));
    server->drop(kGreetings, {"ns", "a"});
    EXPECT_TRUE(server->waitFor([&] { return !server->find(kConfigMaps, {"ns", "a"}); }));
    manager.shutdown();
    EXPECT_EQ(exit.get(), 0);
}

TEST(Example, WrongUsageIsExitCodeTwo) {
    std::string name = "greeter";
    std::string flag = "--no-such-flag";
    std::array<char*, 3> arguments{name.data(), flag.data(), nullptr};
    testing::internal::CaptureStderr();
    EXPECT_EQ(runGreeter(2, arguments.data()), 2);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("--no-such-flag"));
}

}  // namespace
