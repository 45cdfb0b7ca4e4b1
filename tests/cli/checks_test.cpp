// What `check` makes of a cluster's answers.
#include "cli/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/json.h"

namespace {

using base::Json;
using cli::Verdict;
using testing::HasSubstr;

Json withCondition(const char* type, const char* status, Json object = Json::object()) {
    object["status"]["conditions"] = Json::array({{{"type", type}, {"status", status}}});
    return object;
}

Json node(const std::string& zone, const char* ready = "True") {
    Json labels = Json::object();
    if (!zone.empty()) {
        labels["topology.kubernetes.io/zone"] = zone;
    }
    return withCondition("Ready", ready, {{"metadata", {{"labels", labels}}}});
}

Json process(int ready, int wanted) {
    return {{"metadata", {{"namespace", "sys"}}},
            {"spec", {{"replicas", wanted}}},
            {"status", {{"readyReplicas", ready}}}};
}

TEST(Checks, TheServerMustBeNewEnough) {
    EXPECT_EQ(cli::serverCheck({{"major", "1"}, {"minor", "36"}}).verdict, Verdict::Good);
    EXPECT_EQ(cli::serverCheck({{"major", "1"}, {"minor", "31+"}}).verdict, Verdict::Good);
    EXPECT_EQ(cli::serverCheck({{"major", "1"}, {"minor", "30"}}).verdict, Verdict::Bad);
    EXPECT_EQ(cli::serverCheck(Json::object()).verdict, Verdict::Bad);
}

std::string projectText(const std::string& file) {
    std::ifstream in(std::string(PROJECT) + "/" + file);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Checks, TheOldestServerIsTheSameEverywhere) {
    std::string oldest = "1." + std::to_string(cli::kOldestMinor);
    EXPECT_THAT(projectText("charts/scalableapp/Chart.yaml"),
                HasSubstr("kubeVersion: \">=" + oldest + ".0-0\""));
    EXPECT_THAT(projectText("README.md"), HasSubstr("Kubernetes " + oldest + " or newer"));
}

TEST(Checks, MetricsAreMissedButNotNeeded) {
    EXPECT_EQ(cli::metricsCheck(nullptr).verdict, Verdict::Warning);
    auto broken = withCondition("Available", "False");
    EXPECT_EQ(cli::metricsCheck(&broken).verdict, Verdict::Warning);
    auto works = withCondition("Available", "True");
    EXPECT_EQ(cli::metricsCheck(&works).verdict, Verdict::Good);
}

TEST(Checks, NodesSpreadOverZonesOrAreWarnedOf) {
    EXPECT_EQ(cli::nodesCheck({}).verdict, Verdict::Bad);
    EXPECT_EQ(cli::nodesCheck({node("a", "False")}).verdict, Verdict::Bad);
    EXPECT_EQ(cli::nodesCheck({node("a")}).verdict, Verdict::Warning);
    EXPECT_THAT(cli::nodesCheck({node(""), node("")}).remedy, HasSubstr("label nodes"));
    auto good = cli::nodesCheck({node("a"), node("b"), node("b", "False")});
    EXPECT_EQ(good.verdict, Verdict::Good);
    EXPECT_EQ(good.what, "2 Ready nodes in 2 zones");
}

TEST(Checks, DefinitionsMustBeThereAndEstablished) {
    EXPECT_EQ(cli::definitionCheck("a", nullptr).verdict, Verdict::Bad);
    auto pending = withCondition("Established", "False");
    EXPECT_EQ(cli::definitionCheck("a", &pending).verdict, Verdict::Bad);
    auto there = withCondition("Established", "True");
    EXPECT_EQ(cli::definitionCheck("a", &there).verdict, Verdict::Good);
}

TEST(Checks, ProcessesNeedAReadyPodEach) {
    EXPECT_EQ(cli::processCheck("operator", {}).verdict, Verdict::Bad);
    EXPECT_EQ(cli::processCheck("operator", {process(0, 2)}).verdict, Verdict::Bad);
    EXPECT_EQ(cli::processCheck("operator", {process(1, 2)}).verdict, Verdict::Warning);
    EXPECT_EQ(cli::processCheck("operator", {process(1, 1)}).verdict, Verdict::Warning);
    EXPECT_EQ(cli::processCheck("chaos", {process(1, 1)}).verdict, Verdict::Good);
    EXPECT_EQ(cli::processCheck("operator", {process(2, 2)}).verdict, Verdict::Good);
}

TEST(Checks, AnInstallationWithoutChaosIsWhole) {
    auto chaos = cli::processCheck("chaos", {});
    EXPECT_EQ(chaos.verdict, Verdict::Warning);
    EXPECT_THAT(chaos.remedy, HasSubstr("chaos.enabled=true"));
    EXPECT_EQ(cli::processCheck("chaos", {process(0, 1)}).verdict, Verdict::Bad);
}

TEST(Checks, TheFirstApplicationThatIsNotReadyIsNamed) {
    Json named{{"metadata", {{"name", "shop"}, {"namespace", "ns"}}}};
    EXPECT_EQ(cli::appsCheck({withCondition("Ready", "True", named)}).verdict, Verdict::Good);
    EXPECT_THAT(cli::appsCheck({withCondition("Ready", "False", named)}).remedy,
                HasSubstr("status shop -n ns"));
}

TEST(Checks, OnlyBadOnesFailTheCommandAndEveryLineHasItsRemedy) {
    std::vector<cli::Check> checks{cli::rightsCheck(true), cli::metricsCheck(nullptr)};
    EXPECT_TRUE(cli::allWell(checks));
    checks.push_back(cli::rightsCheck(false));
    EXPECT_FALSE(cli::allWell(checks));
    EXPECT_EQ(
        cli::text({checks[2]}),
        "✖ may not make definitions and cluster roles\n    install as a cluster administrator\n");
    EXPECT_EQ(base::stringAt(cli::json(checks), "/1/verdict"), "warning");
}

}  // namespace
