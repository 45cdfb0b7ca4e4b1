#include "e2e/support/faults.h"

#include <signal.h>

#include <cstdlib>
#include <filesystem>

namespace e2e {
namespace {

constexpr const char* kListen = "127.0.0.1:18089";

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

std::vector<std::string> insideTheCluster(std::vector<std::string> command) {
    command.insert(command.begin(), {environment("CLUSTER"), "exec", "--"});
    return command;
}

RunResult system(std::vector<std::string> args) {
    args.insert(args.begin(), {environment("CLUSTER"), "kubectl", "-n", kSystemNamespace});
    return run(args);
}

void chaosInTheCluster(int replicas) {
    auto scaled =
        system({"scale", "deployment/scalableapp-chaos", "--replicas=" + std::to_string(replicas)});
    EXPECT_TRUE(scaled.ok()) << scaled.err;
}

}  // namespace

void FaultTest::shop() {
    apply(appYaml("shop", "replicas: 6, overrides: {tolerations: []}",
                  "{scalableapp.dev/chaos: allowed}"));
    ASSERT_TRUE(becomesReady("shop"));
}

std::optional<base::Json> FaultTest::finished(const std::string& name, std::chrono::seconds bound) {
    std::optional<base::Json> done;
    EXPECT_TRUE(eventually(bound, "the run of " + name + " is over", [&] {
        auto run = get("chaosrun", name + "-1");
        if (run && base::at(*run, "/status/verdict") != nullptr) {
            done = run;
        }
        return done.has_value();
    }));
    return done;
}

std::string FaultTest::faulty(const std::string& name, const std::string& fault,
                              const std::string& target, int errorPercent,
                              const std::string& moreSafety) {
    return "apiVersion: scalableapp.dev/v1alpha1\nkind: ChaosExperiment\nmetadata: {name: " + name +
           "}\nspec:\n  app: shop\n  target: {" + target + "}\n  fault: {" + fault +
           "}\n  load: {requestsPerSecond: 50}\n" +
           "  safety: {maxTargets: 4, maxTargetsPercent: 67" +
           (moreSafety.empty() ? "" : ", " + moreSafety) + "}\n" +
           "  expectations: {webErrorPercent: " + std::to_string(errorPercent) +
           ", redundancyRestoredSeconds: 60}\n";
}

std::string FaultTest::marks() {
    return cluster({"get", "nodes", "-o",
                    "jsonpath={range .items[*]}{.metadata.annotations."
                    "scalableapp\\.dev/chaos-fault}{.spec.unschedulable}{end}"})
        .out;
}

testing::AssertionResult FaultTest::nothingIsMarked(std::chrono::seconds bound) {
    return eventually(bound, "no node is marked or cordoned", [] { return marks().empty(); });
}

ChaosBeside::ChaosBeside(const std::string& name)
    : log_(std::filesystem::path(environment("E2E_LOGS")) / ("chaos-beside-" + name + ".log")) {
    chaosInTheCluster(0);
    EXPECT_TRUE(eventually(60s, "the chaos process in the cluster rests", [] {
        auto pods =
            system({"get", "pods", "-l", "app.kubernetes.io/component=chaos", "-o", "name"});
        return pods.ok() && pods.out.empty();
    }));
    start();
}

ChaosBeside::~ChaosBeside() {
    process_.reset();
    chaosInTheCluster(1);
}

void ChaosBeside::start() {
    auto driver = environment("CLUSTER") + " node";
    process_.emplace(
        insideTheCluster({CHAOS_BINARY, "--leader-elect=false", "--node-faults", "--shared-nodes",
                          "--probe-image", environment("OPERATOR_IMAGE"), "--power-command", driver,
                          "--network-command", driver, "--listen", kListen}),
        log_);
    EXPECT_TRUE(eventually(60s, "the chaos process beside the cluster is ready", [] {
        return run(insideTheCluster({"curl", "-fs", "-o", "/dev/null",
                                     std::string("http://") + kListen + "/readyz"}))
            .ok();
    })) << log_;
}

void ChaosBeside::crash() {
    kill(-process_->pid(), SIGKILL);
    process_.reset();
    start();
}

}  // namespace e2e
