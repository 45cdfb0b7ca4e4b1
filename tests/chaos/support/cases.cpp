#include "chaos/support/cases.h"

#include <stdexcept>

#include "chaos/faults/fault.h"

namespace chaos::fake {
namespace {

using base::Json;
using base::stringAt;

Json with(const Json& fault, const Json& target = Json::object()) {
    return {{"app", "shop"},
            {"fault", fault},
            {"target", target},
            {"load", {{"requestsPerSecond", 50}}},
            {"steadyState", {{"holdSeconds", 2}}},
            {"safety", {{"maxTargets", 5}, {"maxTargetsPercent", 50}}},
            {"expectations", {{"webErrorPercent", 1}, {"redundancyRestoredSeconds", 60}}}};
}

Json lasting(const char* type, const Json& more = Json::object()) {
    Json fault{{"type", type}, {"durationSeconds", 6}};
    fault.update(more);
    return fault;
}

}  // namespace

const std::vector<FaultCase>& faultCases() {
    static const Json zone{{"zone", "z2"}};
    static const std::vector<FaultCase> all{
        {.name = "PodKill", .spec = with({{"type", "PodKill"}}), .dies = 1},
        {.name = "PodKillAbrupt",
         .spec = with({{"type", "PodKill"}, {"graceSeconds", 1}}),
         .dies = 1},
        {.name = "ContainerKill", .spec = with({{"type", "ContainerKill"}}), .restarts = 1},
        {.name = "NodeDrain", .spec = with(lasting("NodeDrain")), .dies = 2},
        {.name = "NodeStop", .spec = with(lasting("NodeStop")), .off = 1},
        {.name = "ZoneOutage", .spec = with(lasting("ZoneOutage"), zone), .dies = 2},
        {.name = "ZoneOutageByPower",
         .spec = with(lasting("ZoneOutage", {{"method", "Power"}}), zone),
         .off = 1},
        {.name = "NetworkPartitionByDriver",
         .spec = with(lasting("NetworkPartition"), zone),
         .cut = 1},
        {.name = "NetworkPartitionByPolicy",
         .spec = with(lasting("NetworkPartition"), zone),
         .policies = true,
         .verdict = "Inconclusive"},
        {.name = "OperatorKill", .spec = with({{"type", "OperatorKill"}}), .dies = 1},
        {.name = "LoadStep", .spec = with(lasting("LoadStep", {{"requestsPerSecond", 200}}))},
    };
    return all;
}

const FaultCase& faultCase(const std::string& name) {
    for (const auto& one : faultCases()) {
        if (one.name == name) {
            return one;
        }
    }
    throw std::logic_error("no case " + name);
}

std::vector<FaultCase> faultsThatHold() {
    auto out = faultCases();
    std::erase_if(out, [](const FaultCase& one) {
        const auto* fault = faults::named(*stringAt(one.spec, "/fault/type"));
        return !fault->lasts();
    });
    return out;
}

void prepare(Cluster& cluster, const FaultCase& one) {
    cluster.enforcesPolicies = one.policies;
    cluster.addApp("shop", 6, true);
    cluster.addBudget("shop", 3);
    cluster.addOperators();
    cluster.experiment("try", one.spec);
}

void expectHitOnce(const Cluster& cluster, const FaultCase& one, const std::string& when) {
    ASSERT_EQ(cluster.runs().size(), 1U) << when;
    auto run = cluster.runs()[0];
    auto verdict = stringAt(run, "/status/verdict");
    EXPECT_EQ(stringAt(run, "/status/phase"), "Done") << when;
    EXPECT_TRUE(verdict == one.verdict || verdict == "Inconclusive")
        << when << base::dumpJsonPretty(run);
    EXPECT_LE(cluster.podDeletes(), one.dies) << when << ": hit twice";
    EXPECT_LE(cluster.power.switchedOff, one.off) << when << ": switched off twice";
    EXPECT_LE(cluster.cable.switchedOff, one.cut) << when << ": cut off twice";
    EXPECT_LE(cluster.restarts, one.restarts) << when << ": restarted twice";
    EXPECT_EQ(cluster.leftovers(), std::vector<std::string>()) << when << ": left behind";
    EXPECT_TRUE(base::arrayAt(run, "/metadata/finalizers").empty()) << when;
    if (verdict == "Resilient") {
        EXPECT_EQ(cluster.podDeletes(), one.dies) << when << ": no fault, and a pass";
        EXPECT_EQ(cluster.power.switchedOff, one.off) << when << ": no fault, and a pass";
        EXPECT_EQ(cluster.cable.switchedOff, one.cut) << when << ": no fault, and a pass";
        EXPECT_EQ(cluster.restarts, one.restarts) << when << ": no fault, and a pass";
    }
}

}  // namespace chaos::fake
