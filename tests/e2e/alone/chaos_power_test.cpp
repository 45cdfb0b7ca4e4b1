// Faults that only a driver can do: the local cluster's switches of nodes and cables, called by a
// chaos process beside the cluster.
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "e2e/support/faults.h"

namespace {

using namespace e2e;

constexpr const char* kSharedNodes = "allowSharedNodes: true";

class PowerFaults : public FaultTest {
  protected:
    void SetUp() override {
        if (!havePower()) {
            GTEST_SKIP() << "needs the local cluster";
        }
        FaultTest::SetUp();
    }

    // By name; nothing: the API server did not say.
    static std::optional<std::vector<std::string>> deadNodes() {
        auto nodes = cluster({"get", "nodes", "-o",
                              "jsonpath={range .items[*]}{.metadata.name} {.status.conditions"
                              "[?(@.type==\"Ready\")].status} {end}"});
        if (!nodes.ok()) {
            return std::nullopt;
        }
        std::vector<std::string> out;
        std::istringstream words(nodes.out);
        for (std::string name, ready; words >> name >> ready;) {
            if (ready != "True") {
                out.push_back(name);
            }
        }
        return out;
    }

    static testing::AssertionResult aNodeIsDead() {
        return eventually(90s, "a node is not heard of", [] {
            auto dead = deadNodes();
            return dead && !dead->empty();
        });
    }

    static testing::AssertionResult everyNodeIsBack() {
        return eventually(60s, "all nodes are Ready", [] {
            auto dead = deadNodes();
            return dead && dead->empty();
        });
    }

    // From its beginning until the zone is whole again by its deadline.
    void expectZoneIsLostAndComesBack(const std::string& name, const std::string& fault,
                                      const std::string& zone, const std::string& driver) {
        shop();
        ChaosBeside beside(name);
        apply(faulty(name, fault + ", durationSeconds: 25", "zone: " + zone, 25, kSharedNodes));
        EXPECT_TRUE(aNodeIsDead());
        auto run = finished(name, 240s);
        ASSERT_TRUE(run);
        EXPECT_EQ(base::stringAt(*run, "/status/verdict"), "Resilient")
            << base::dumpJsonPretty(*run);
        EXPECT_EQ(base::stringAt(*run, "/status/driver"), driver);
        EXPECT_GE(base::arrayAt(*run, "/status/targets").size(), 1U);
        for (const auto& target : base::arrayAt(*run, "/status/targets")) {
            EXPECT_EQ(base::stringAt(target, "/zone"), zone);
        }
        EXPECT_TRUE(everyNodeIsBack());
        EXPECT_TRUE(nothingIsMarked());
    }
};

TEST_F(PowerFaults, AZoneLosesPowerUntilTheDeadline) {
    expectZoneIsLostAndComesBack("power", "type: ZoneOutage, method: Power", "z2", "Power");
}

TEST_F(PowerFaults, AZoneIsCutOffUntilTheDeadline) {
    expectZoneIsLostAndComesBack("cut", "type: NetworkPartition", "z3", "Cable");
}

TEST_F(PowerFaults, ANodeThatIsOffComesBackByAnAbortThoughTheProcessDiedMeanwhile) {
    shop();
    ChaosBeside beside("stop");
    apply(faulty("stop", "type: NodeStop, durationSeconds: 150", "tier: Web", 25, kSharedNodes));
    ASSERT_TRUE(aNodeIsDead());
    beside.crash();
    EXPECT_FALSE(deadNodes().value_or(std::vector<std::string>{}).empty())
        << "a new process goes on with the fault";
    auto abort = plugin({"chaos", "abort", "--all"});
    EXPECT_EQ(abort.exitCode, 0) << abort.err << "it waits for whoever has the switches";
    EXPECT_TRUE(everyNodeIsBack());
    auto run = finished("stop", 120s);
    ASSERT_TRUE(run);
    EXPECT_EQ(base::stringAt(*run, "/status/reason"), "Aborted") << base::dumpJsonPretty(*run);
    EXPECT_TRUE(nothingIsMarked());
}

// As an administrator or a cloud's controller does with a node that does not answer.
TEST_F(PowerFaults, ANodeWhoseObjectWasDeletedWhileItWasOffComesBack) {
    shop();
    ChaosBeside beside("deleted");
    apply(faulty("stop", "type: NodeStop, durationSeconds: 40", "tier: Web", 25, kSharedNodes));
    ASSERT_TRUE(aNodeIsDead());
    auto node = deadNodes()->at(0);
    ASSERT_TRUE(cluster({"delete", "node", node}).ok());
    auto run = finished("stop", 240s);
    ASSERT_TRUE(run);
    EXPECT_TRUE(eventually(60s, "it is a node again", [&] {
        return cluster({"get", "node", node}).ok();
    }));
    EXPECT_TRUE(everyNodeIsBack());
    EXPECT_TRUE(nothingIsMarked());
}

}  // namespace
