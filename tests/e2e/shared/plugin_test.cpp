// kubectl scalableapp, as kubectl itself starts it.
#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "e2e/support/cluster.h"

namespace {

using e2e::eventually;
using e2e::throughout;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

class Plugin : public e2e::ClusterTest {};

TEST_F(Plugin, ShowsAnApplicationAndWhatItIsMadeOf) {
    apply(appYaml("shop", "replicas: 2"));
    ASSERT_TRUE(becomesReady("shop"));
    auto status = plugin({"status", "shop"});
    EXPECT_EQ(status.exitCode, 0) << status.err;
    EXPECT_THAT(status.out, HasSubstr("2/2"));
    auto tree = plugin({"tree", "shop"});
    EXPECT_EQ(tree.exitCode, 0) << tree.err;
    EXPECT_THAT(tree.out, HasSubstr("Deployment/shop-web  2 of 2 ready\n"));
    EXPECT_THAT(tree.out, HasSubstr("Pod/shop-web-"));
    EXPECT_THAT(tree.out, Not(HasSubstr("✖")));
    auto none = plugin({"tree", "nobody"});
    EXPECT_EQ(none.exitCode, 1);
    EXPECT_THAT(none.err, HasSubstr("no ScalableApp \"nobody\""));
}

TEST_F(Plugin, ForetellsWhatAChangeMovesAndTakesAwayInTheEnd) {
    apply(appYaml("shop", "replicas: 2"));
    ASSERT_TRUE(becomesReady("shop"));
    auto file = "/tmp/plan-" + ns() + ".yaml";
    auto planned = [&](const std::string& more) {
        std::ofstream(file) << appYaml("shop", "replicas: 2") + more;
        auto plan = plugin({"plan", "-f", file, "--diff"});
        EXPECT_EQ(plan.exitCode, 0) << plan.err;
        return plan.out;
    };
    const std::string balancer = "  loadBalancer: {algorithm: RoundRobin}\n";
    EXPECT_THAT(planned(""), Not(HasSubstr("change")));
    EXPECT_THAT(planned(balancer),
                HasSubstr("change Service shop: moves requests from tier \"web\" to tier "
                          "\"loadBalancer\", as soon as"));
    apply(appYaml("shop", "replicas: 2") + balancer);
    ASSERT_TRUE(eventually(120s, "the load balancer is the entry", [&] {
        return field("service", "shop", "/spec/selector/scalableapp.dev~1tier") == "loadBalancer";
    }));
    EXPECT_THAT(planned(""), HasSubstr("remove Deployment shop-lb: stops"));
    unlink(file.c_str());
}

TEST_F(Plugin, WhatIsPausedStaysAsSomebodyMadeIt) {
    apply(appYaml("shop", "replicas: 1"));
    ASSERT_TRUE(becomesReady("shop"));
    ASSERT_EQ(plugin({"pause", "shop"}).exitCode, 0);
    ASSERT_TRUE(kubectl({"delete", "service", "shop"}).ok());
    EXPECT_TRUE(throughout(5s, "nobody makes the service again",
                           [&] { return !exists("service", "shop"); }));
    auto again = plugin({"pause", "shop"});
    EXPECT_EQ(again.exitCode, 0);
    EXPECT_THAT(again.out, HasSubstr("before"));
    ASSERT_EQ(plugin({"resume", "shop"}).exitCode, 0);
    EXPECT_TRUE(eventually(15s, "the service is back", [&] { return exists("service", "shop"); }));
}

TEST_F(Plugin, CheckFindsNothingAmissHere) {
    for (const auto& args : std::vector<std::vector<std::string>>{{"check"}, {"check", "--pre"}}) {
        auto check = plugin(args);
        EXPECT_EQ(check.exitCode, 0) << check.out << check.err;
        EXPECT_THAT(check.out, HasSubstr("✔ Kubernetes 1."));
        EXPECT_THAT(check.out, Not(HasSubstr("✖")));
    }
}

}  // namespace
