#include "e2e/support/cluster.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace e2e {
namespace {

std::string environment(const char* name, const std::string& fallback) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : fallback;
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> out;
    for (std::string word; in >> word;) {
        out.push_back(word);
    }
    return out;
}

std::vector<std::string> joined(std::vector<std::string> head, std::vector<std::string> tail) {
    head.insert(head.end(), std::make_move_iterator(tail.begin()),
                std::make_move_iterator(tail.end()));
    return head;
}

testing::AssertionResult poll(std::chrono::seconds bound, const std::function<bool()>& done) {
    auto deadline = std::chrono::steady_clock::now() + bound;
    while (!done()) {
        if (std::chrono::steady_clock::now() >= deadline) {
            return testing::AssertionFailure();
        }
        std::this_thread::sleep_for(500ms);
    }
    return testing::AssertionSuccess();
}

}  // namespace

testing::AssertionResult eventually(std::chrono::seconds bound, const std::string& what,
                                    const std::function<bool()>& check) {
    return poll(bound, check) << "not within " << bound.count() << " s: " << what;
}

testing::AssertionResult throughout(std::chrono::seconds span, const std::string& what,
                                    const std::function<bool()>& check) {
    if (poll(span, [&] { return !check(); })) {
        return testing::AssertionFailure() << "did not hold: " << what;
    }
    return testing::AssertionSuccess();
}

std::string shopImage() {
    return environment("SHOP_IMAGE", "shop:1");
}

void ClusterTest::SetUpTestSuite() {
    auto answer = cluster({"get", "crd", "scalableapps.scalableapp.dev", "-o", "name"});
    ASSERT_TRUE(answer.ok())
        << "no cluster with the operator installed: run these by tests/run e2e\n"
        << answer.err;
}

void ClusterTest::SetUp() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    std::string name =
        std::string("e2e-") + info->test_suite_name() + "-" + std::to_string(getpid());
    for (auto& c : name) {
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    base::Json object = {
        {"apiVersion", "v1"},
        {"kind", "Namespace"},
        {"metadata",
         {{"name", name}, {"labels", {{"pod-security.kubernetes.io/enforce", "restricted"}}}}}};
    auto made = cluster({"create", "-f", "-"}, base::dumpJson(object));
    ASSERT_TRUE(made.ok()) << made.err;
    namespace_ = name;
}

void ClusterTest::TearDown() {
    if (namespace_.empty()) {
        return;
    }
    if (HasFailure()) {
        saveEvidence();
    }
    cluster({"delete", "namespace", namespace_, "--wait=false"});
}

void ClusterTest::saveEvidence() const {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    std::string path = environment("E2E_LOGS", "/tmp") + "/" + info->test_suite_name() + "." +
                       info->name() + ".txt";
    std::ofstream out(path);
    for (const auto& args : std::vector<std::vector<std::string>>{
             {"get", "scalableapps,chaosexperiments,chaosruns,all,hpa,pdb", "-o", "wide"},
             {"get", "scalableapps,chaosruns,pods", "-o", "yaml"},
             {"get", "events", "--sort-by=.lastTimestamp"}}) {
        out << "=== kubectl";
        for (const auto& arg : args) {
            out << " " << arg;
        }
        auto shown = kubectl(args);
        out << "\n" << shown.out << shown.err << "\n";
    }
    auto logs = cluster({"-n", kSystemNamespace, "logs", "--prefix", "--tail=200", "-l",
                         "app.kubernetes.io/part-of=scalableapp", "--all-containers"});
    out << "=== logs of the system\n" << logs.out << logs.err;
    std::cout << "evidence: " << path << "\n";
}

RunResult ClusterTest::kubectl(std::vector<std::string> args, const std::string& input,
                               std::chrono::seconds timeout) const {
    return cluster(joined({"-n", namespace_}, std::move(args)), input, timeout);
}

RunResult ClusterTest::plugin(std::vector<std::string> args) const {
    std::vector<std::string> command{
        "/usr/bin/env", "PATH=" KUBECTL_PLUGIN_FOLDER ":" + environment("PATH", "/usr/bin:/bin")};
    command = joined(command, words(environment("KUBECTL", "kubectl")));
    command.push_back("scalableapp");
    args.insert(args.end(), {"-n", namespace_});
    return run(joined(command, args), "", 60s);
}

RunResult ClusterTest::cluster(std::vector<std::string> args, const std::string& input,
                               std::chrono::seconds timeout) {
    return run(joined(words(environment("KUBECTL", "kubectl")), std::move(args)), input, timeout);
}

RunResult ClusterTest::helm(std::vector<std::string> args, std::chrono::seconds timeout) {
    return run(joined(words(environment("HELM", "helm")), std::move(args)), "", timeout);
}

bool ClusterTest::havePower() {
    return !environment("CLUSTER", "").empty();
}

RunResult ClusterTest::power(std::vector<std::string> args, std::chrono::seconds timeout) {
    return run(joined(words(environment("CLUSTER", "")), std::move(args)), "", timeout);
}

RunResult ClusterTest::tryApply(const std::string& yaml) const {
    return kubectl({"apply", "-f", "-"}, yaml);
}

void ClusterTest::apply(const std::string& yaml) const {
    auto result = tryApply(yaml);
    ASSERT_TRUE(result.ok()) << result.err << "\n" << yaml;
}

std::optional<base::Json> ClusterTest::get(const std::string& kind, const std::string& name) const {
    auto result = kubectl({"get", kind, name, "-o", "json"});
    if (!result.ok()) {
        return std::nullopt;
    }
    auto parsed = base::parseJson(result.out);
    return parsed ? std::optional(std::move(*parsed)) : std::nullopt;
}

std::vector<base::Json> ClusterTest::list(const std::string& kind,
                                          const std::string& selector) const {
    std::vector<std::string> args{"get", kind, "-o", "json"};
    if (!selector.empty()) {
        args.insert(args.end(), {"-l", selector});
    }
    auto result = kubectl(args);
    auto parsed = base::parseJson(result.out);
    std::vector<base::Json> out;
    if (result.ok() && parsed) {
        for (const auto& item : base::arrayAt(*parsed, "/items")) {
            out.push_back(item);
        }
    }
    return out;
}

bool ClusterTest::exists(const std::string& kind, const std::string& name) const {
    auto found = get(kind, name);
    return found && base::at(*found, "/metadata/deletionTimestamp") == nullptr;
}

bool ClusterTest::gone(const std::string& kind, const std::string& name) const {
    auto result = kubectl({"get", kind, name, "-o", "name", "--ignore-not-found"});
    return result.ok() && result.out.empty();
}

std::string ClusterTest::field(const std::string& kind, const std::string& name,
                               const std::string& pointer) const {
    auto object = get(kind, name);
    const base::Json* value = object ? base::at(*object, pointer) : nullptr;
    if (value == nullptr) {
        return "";
    }
    return value->is_string() ? value->get<std::string>() : base::dumpJson(*value);
}

base::Json ClusterTest::condition(const std::string& app, const std::string& type) const {
    auto object = get("scalableapp", app);
    if (object) {
        for (const auto& entry : base::arrayAt(*object, "/status/conditions")) {
            if (base::stringAt(entry, "/type") == type) {
                return entry;
            }
        }
    }
    return base::Json::object();
}

bool ClusterTest::conditionIs(const std::string& app, const std::string& type,
                              const std::string& status) const {
    return base::stringAt(condition(app, type), "/status") == status;
}

testing::AssertionResult ClusterTest::becomesReady(const std::string& app,
                                                   std::chrono::seconds bound) const {
    auto waited = kubectl({"wait", "scalableapp/" + app, "--for=condition=Ready",
                           "--timeout=" + std::to_string(bound.count()) + "s"},
                          "", bound + 15s);
    if (waited.ok()) {
        return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << app << " did not become Ready: " << waited.err << "\n"
                                       << base::dumpJsonPretty(condition(app, "Ready"));
}

testing::AssertionResult ClusterTest::isSeen(const std::string& app) const {
    return eventually(30s, "the operator has seen the change", [&] {
        return field("scalableapp", app, "/status/observedGeneration") ==
               field("scalableapp", app, "/metadata/generation");
    });
}

void ClusterTest::change(const std::string& patch, const std::string& app) const {
    auto done = kubectl({"patch", "scalableapp", app, "--type=merge", "-p", patch});
    ASSERT_TRUE(done.ok()) << done.err;
    ASSERT_TRUE(isSeen(app));
}

void ClusterTest::becomes(const std::string& patch, std::chrono::seconds bound) const {
    change(patch);
    ASSERT_TRUE(becomesReady("shop", bound));
}

std::vector<base::Json> ClusterTest::readyPods(const std::string& app,
                                               const std::string& tier) const {
    std::vector<base::Json> out;
    for (const auto& pod :
         list("pods", "scalableapp.dev/app=" + app + ",scalableapp.dev/tier=" + tier)) {
        if (base::at(pod, "/metadata/deletionTimestamp") != nullptr) {
            continue;
        }
        for (const auto& entry : base::arrayAt(pod, "/status/conditions")) {
            if (base::stringAt(entry, "/type") == "Ready" &&
                base::stringAt(entry, "/status") == "True") {
                out.push_back(pod);
            }
        }
    }
    return out;
}

std::string ClusterTest::appYaml(const std::string& name, const std::string& web,
                                 const std::string& labels) {
    return "apiVersion: scalableapp.dev/v1alpha1\nkind: ScalableApp\nmetadata: {name: " + name +
           ", labels: " + labels + "}\nspec:\n  web: {image: " + shopImage() +
           (web.empty() ? "" : ", " + web) + "}\n";
}

}  // namespace e2e
