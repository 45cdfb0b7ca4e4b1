// Several informers of one kind, each of one namespace: what they show of themselves is told apart,
// and a write has come back when the one that sees it has it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "apiserver/server.h"
#include "runtime/informer_core.h"
#include "runtime/manager.h"
#include "runtime/manager_options.h"
#include "runtime/objects.h"

namespace {

using namespace std::chrono_literals;
using runtime::Outcome;
using test::kMaps;
using test::kPods;
using testing::HasSubstr;
using testing::Not;

struct NoTimer final : runtime::Timer {
    Bell at(base::SteadyTime, std::function<void()>) override { return nullptr; }
    Bell every(std::chrono::milliseconds, std::function<void()>) override { return nullptr; }
    void sleep(std::chrono::milliseconds, const std::stop_token&) override {}
};

class InformerScopeTest : public testing::Test {
  protected:
    // Watches only what the server has of that namespace, and ends when asked to.
    std::unique_ptr<runtime::InformerCore> core(const std::string& namespace_) {
        auto made = std::make_unique<runtime::InformerCore>(
            client, runtime::InformerOptions{.type = kPods, .namespace_ = namespace_},
            base::systemClock(), timer, metrics, [] { return 0.0; });
        made->share(health);
        made->step({});
        return made;
    }
    // As far as its first list.
    static void list(runtime::InformerCore& informer) {
        std::stop_source listed;
        informer.onSynced([&] { listed.request_stop(); });
        informer.step(listed.get_token());
        EXPECT_TRUE(informer.store().synced());
    }

    std::shared_ptr<test::ApiServer> server = std::make_shared<test::ApiServer>();
    kube::Client client{server, {}};
    NoTimer timer;
    runtime::Metrics metrics;
    std::shared_ptr<runtime::ServerHealth> health = std::make_shared<runtime::ServerHealth>();
};

TEST_F(InformerScopeTest, EachHasValuesOfItsOwn) {
    server->put(kPods, test::podJson("a"));
    auto here = core("ns");
    auto there = core("other");
    list(*here);
    here->refreshMetrics();
    there->refreshMetrics();
    auto text = metrics.text();
    EXPECT_THAT(text, HasSubstr("informer_synced{namespace=\"ns\",resource=\"pods\"} 1"));
    EXPECT_THAT(text, HasSubstr("informer_synced{namespace=\"other\",resource=\"pods\"} 0"));
    EXPECT_THAT(text, HasSubstr("informer_objects{namespace=\"ns\",resource=\"pods\"} 1"));
    EXPECT_THAT(text, HasSubstr("informer_objects{namespace=\"other\",resource=\"pods\"} 0"));
    EXPECT_THAT(text, HasSubstr("informer_healthy{namespace=\"ns\",resource=\"pods\"} 1"));
    EXPECT_THAT(text, HasSubstr("informer_healthy{namespace=\"other\",resource=\"pods\"} 0"));
}

TEST_F(InformerScopeTest, AnOutageIsOverWhenTheLastOfThemHasAnAnswer) {
    auto here = core("ns");
    auto there = core("other");
    server->setReachable(false);
    here->step({});
    there->step({});
    server->setReachable(true);
    here->step({});  // the pause
    there->step({});
    testing::internal::CaptureStderr();
    list(*here);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), Not(HasSubstr("answers again")));
    testing::internal::CaptureStderr();
    list(*there);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("answers again"));
}

// A key writes a config map and runs again once that has come back.
class WrittenInOneNamespace : public testing::TestWithParam<const char*> {};

TEST_P(WrittenInOneNamespace, ComesBackOnTheWatchOfThatNamespace) {
    auto server = std::make_shared<test::ApiServer>();
    runtime::Manager manager(test::managerOptions(server, "a", 0));
    auto& maps = manager.informer({.type = kMaps, .namespace_ = "ns"});
    manager.informer({.type = kMaps, .namespace_ = "other"});
    const kube::ObjectKey key{"ns", "a"};
    std::atomic<int> runs{0};
    std::atomic<bool> seen{false};
    auto& controller = manager.controller(
        "writer", {.workers = 1}, [&](const kube::ObjectKey&, const auto& context) {
            if (++runs > 1) {
                seen = maps.store().get(key) != nullptr;
                return Outcome::done();
            }
            auto made = manager.client().apply(
                kMaps,
                {{"apiVersion", "v1"},
                 {"kind", "ConfigMap"},
                 {"metadata", {{"namespace", key.namespace_}, {"name", key.name}}}},
                context.stop);
            EXPECT_TRUE(made.ok());
            context.wrote(GetParam(), (*made)->meta().resourceVersion);
            return Outcome::after(1ms);
        });
    controller.enqueue(key);
    auto exit = std::async(std::launch::async, [&] { return manager.run(); });
    EXPECT_TRUE(server->waitFor([&] { return runs >= 2; }))
        << "the other namespace's watch has nothing to tell";
    EXPECT_TRUE(seen);
    manager.shutdown();
    EXPECT_EQ(exit.get(), 0);
}
INSTANTIATE_TEST_SUITE_P(Named, WrittenInOneNamespace,
                         testing::Values("configmaps", "configmaps/ns"), [](const auto& one) {
                             return std::string(one.param).find('/') == std::string::npos
                                        ? "ByKind"
                                        : "ByKindAndNamespace";
                         });

// The watch of another namespace has reached the version for reasons of its own.
TEST(WrittenElsewhere, WhatAnotherNamespacesWatchHasReachedDoesNotCount) {
    auto server = std::make_shared<test::ApiServer>();
    runtime::Manager manager(test::managerOptions(server, "a", 0));
    manager.informer({.type = kMaps, .namespace_ = "ns"});
    auto& other = manager.informer({.type = kMaps, .namespace_ = "other"});
    std::atomic<int> runs{0};
    auto& controller = manager.controller(
        "writer", {.workers = 1}, [&](const kube::ObjectKey& key, const auto& context) {
            if (++runs == 1) {
                auto object = base::Json{{"apiVersion", "v1"},
                                         {"kind", "ConfigMap"},
                                         {"metadata", {{"namespace", "other"}, {"name", "b"}}}};
                server->put(kMaps, object);
                auto written = server->find(kMaps, {"other", "b"});
                auto version = base::stringAt(*written, "/metadata/resourceVersion").value_or("");
                EXPECT_TRUE(server->waitFor(
                    [&] { return kube::atLeast(other.store().resourceVersion(), version); }));
                context.wrote("configmaps/" + key.namespace_, version);
            }
            return Outcome::done();
        });
    controller.enqueue({"ns", "a"});
    auto exit = std::async(std::launch::async, [&] { return manager.run(); });
    ASSERT_TRUE(server->waitFor([&] { return runs == 1; }));
    controller.enqueue({"ns", "a"});
    std::this_thread::sleep_for(300ms);  // three looks at the gate
    EXPECT_EQ(runs, 1);
    server->bookmark();
    EXPECT_TRUE(server->waitFor([&] { return runs == 2; }));
    manager.shutdown();
    EXPECT_EQ(exit.get(), 0);
}

}  // namespace
