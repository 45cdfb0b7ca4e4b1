// Where a run looks beside the public Service.
#include "chaos/probes/places.h"

#include <gtest/gtest.h>

#include "chaos/run/machine.h"
#include "chaos/support/samples.h"

namespace {

using namespace chaos;
using probes::Place;
using Places = std::vector<Place>;

topology::Pod podOf(const char* tier, int number) {
    auto out = fake::pod(number);
    out.tier = tier;
    out.name = std::string("shop-") + tier + "-" + std::to_string(number);
    return out;
}

TEST(Places, WithoutAnythingInFrontThereIsOnlyThePublicService) {
    EXPECT_EQ(probes::placesOf(fake::usualApp(), fake::pods(3), "/"), Places());
}

TEST(Places, BehindABalancerThePodsThemselves) {
    auto pods = fake::pods(3);
    pods.push_back(podOf("loadBalancer", 7));
    auto app = fake::usualApp();
    app.webPort = 9000;
    EXPECT_EQ(probes::placesOf(app, pods, "/a?b=1"),
              (Places{{"web", "http://shop-web.ns.svc:9000/a?b=1"}}));
}

TEST(Places, EachZoneThatHasWebPodsByItself) {
    auto pods = fake::pods(2);  // in z1 and z2
    pods.push_back(podOf("loadBalancer", 7));
    auto app = fake::usualApp();
    app.zones = {"z1", "z2", "z3"};
    EXPECT_EQ(probes::placesOf(app, pods, "/"),
              (Places{{"web-z1", "http://shop-web-z1.ns.svc:8080/"},
                      {"web-z2", "http://shop-web-z2.ns.svc:8080/"}}));
}

TEST(Places, BehindEdgesWhatTheyAsk) {
    auto pods = fake::pods(3);
    pods.push_back(podOf("cdn", 7));
    EXPECT_EQ(probes::placesOf(fake::usualApp(), pods, "/"),
              (Places{{"web", "http://shop-origin.ns.svc/"}}));
    pods.push_back(podOf("loadBalancer", 8));
    EXPECT_EQ(probes::placesOf(fake::usualApp(), pods, "/"),
              (Places{{"loadBalancer", "http://shop-origin.ns.svc/"},
                      {"web", "http://shop-web.ns.svc:8080/"}}));
}

TEST(Places, AreBoundedHoweverManyZonesThereAre) {
    auto app = fake::usualApp();
    std::vector<topology::Pod> pods{podOf("loadBalancer", 0)};
    for (int i = 1; i <= 40; ++i) {
        app.zones.push_back("zone" + std::to_string(i));
        pods.push_back(fake::pod(i, app.zones.back()));
    }
    EXPECT_EQ(probes::placesOf(app, pods, "/").size(), probes::kMostPlaces);
    EXPECT_LE(probes::kMostPlaces, probe::kMostViews);
}

TEST(Places, GetATenthOfTheLoadAndNeverMoreThanIt) {
    EXPECT_EQ(probes::rateOf(2000), 200);
    EXPECT_EQ(probes::rateOf(30), 5);
    EXPECT_EQ(probes::rateOf(2), 2);
}

TEST(Places, AreGivenToTheProbeOfARun) {
    run::Run run;
    run.namespace_ = "ns";
    run.name = "kill-1";
    run.uid = "u";
    run.spec = fake::usualSpec();
    run.status.phase = run::Phase::SteadyState;
    run.status.phaseSince = fake::kStart;
    run::Seen seen;
    seen.now = fake::kStart;
    seen.app = fake::usualApp();
    seen.pods = fake::pods(3);
    seen.pods.push_back(podOf("loadBalancer", 7));
    std::optional<probes::PodRequest> asked;
    for (const auto& action : run::next(run, seen).actions) {
        if (const auto* create = std::get_if<run::CreateProbe>(&action)) {
            asked = create->pod;
        }
    }
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->places, probes::placesOf(*seen.app, seen.pods, "/"));
    auto text = base::dumpJson(probes::probePod(*asked));
    for (const char* flag :
         {"--view=web=http://shop-web.ns.svc:8080/", "--view-requests-per-second=5"}) {
        EXPECT_NE(text.find(flag), std::string::npos) << flag;
    }
}

}  // namespace
