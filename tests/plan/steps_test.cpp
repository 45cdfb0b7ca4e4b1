// What `plan --diff` tells of a change as a whole, against a cluster that carries plans out: it has
// to be what becomes of the cluster in the end.
#include "cli/steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "plan/objects.h"
#include "plan/simulation.h"

namespace {

using namespace plan_test;
using testing::Contains;

constexpr const char* kFour = R"({"image":"shop:1","replicas":4})";
constexpr const char* kBalancer = R"({"loadBalancer":{"algorithm":"RoundRobin"}})";
constexpr const char* kTwoZones = R"({"zones":[{"name":"z1"},{"name":"z2"}]})";
constexpr const char* kOneDrained = R"({"zones":[{"name":"z1"},{"name":"z2","weight":0}]})";
constexpr const char* kEdges = R"({"cdn":{"paths":[{"match":"/","ttlSeconds":1}]}})";

std::vector<cli::Change> changes(Simulation& cluster, api::ScalableApp next) {
    next.generation = cluster.app.generation + 1;
    auto steps = cli::stepsOf(next, cluster.seen);
    cli::LiveObjects live;
    for (const auto& child : cluster.seen.children) {
        live[cli::identityOf(child)] = {.object = child, .ours = true};
    }
    return cli::changesOf(next, steps, cluster.seen, live);
}

// One line each, without those that are kept and the fields.
std::vector<std::string> toldOf(Simulation& cluster, const api::ScalableApp& next) {
    std::vector<std::string> out;
    for (const auto& change : changes(cluster, next)) {
        if (change.action != cli::Action::Keep) {
            auto text = cli::text("", {change});
            out.push_back(text.substr(3, text.find('\n', 1) - 3));
        }
    }
    return out;
}

TEST(Steps, AServiceThatMovesLaterIsTold) {
    Simulation cluster(app(kFour));
    cluster.settle();
    EXPECT_THAT(toldOf(cluster, app(kFour, kBalancer)),
                Contains("~ change Service shop: moves requests from tier \"web\" to tier "
                         "\"loadBalancer\", as soon as what takes over serves"));
    EXPECT_THAT(toldOf(cluster, app(kFour, kEdges)),
                Contains("~ change Service shop: moves requests from tier \"web\" to tier "
                         "\"cdn\", as soon as what takes over serves"));
}

TEST(Steps, WhatGoesWithATierIsListed) {
    Simulation cluster(app(kFour, kBalancer));
    cluster.settle();
    EXPECT_THAT(toldOf(cluster, app(kFour)),
                Contains("- remove Deployment shop-lb: stops 2 pods, as soon as what takes over "
                         "serves"));
}

TEST(Steps, WhatGoesWithAZoneIsListed) {
    Simulation cluster(app(kFour, kTwoZones));
    cluster.settle();
    auto lines = toldOf(cluster, app(kFour, kOneDrained));
    EXPECT_THAT(lines, Contains("- remove Deployment shop-web-z2: stops 2 pods, as soon as what "
                                "takes over serves"));
    EXPECT_THAT(lines, Contains("~ change Deployment shop-web-z1: starts 2 pods"));
}

TEST(Steps, WhatStaysAsItIsIsNoChange) {
    for (const char* spec : {"{}", kBalancer, kTwoZones, kEdges}) {
        Simulation cluster(app(kFour, spec));
        cluster.settle();
        EXPECT_THAT(toldOf(cluster, app(kFour, spec)), testing::IsEmpty()) << spec;
    }
}

struct Path {
    const char* from;
    const char* to;
};

class Foretold : public testing::TestWithParam<Path> {};

TEST_P(Foretold, IsWhatBecomesOfTheCluster) {
    Simulation cluster(app(kFour, GetParam().from));
    cluster.settle();
    std::set<std::string> foretold;
    for (const auto& change : changes(cluster, app(kFour, GetParam().to))) {
        if (change.action != cli::Action::Remove) {
            foretold.insert(change.kind + "/" + change.name);
        }
    }
    cluster.spec(app(kFour, GetParam().to));
    cluster.settle();
    std::set<std::string> became;
    for (const auto& child : cluster.seen.children) {
        if (child["kind"] != "ReplicaSet" && child["kind"] != "Pod") {
            became.insert(cli::identityOf(child));
        }
    }
    EXPECT_EQ(foretold, became);
}

INSTANTIATE_TEST_SUITE_P(All, Foretold,
                         testing::Values(Path{"{}", kBalancer}, Path{kBalancer, "{}"},
                                         Path{"{}", kTwoZones}, Path{kTwoZones, "{}"},
                                         Path{kTwoZones, kOneDrained}));

}  // namespace
