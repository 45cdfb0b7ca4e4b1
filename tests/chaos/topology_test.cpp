#include "chaos/topology/topology.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "chaos/observe.h"
#include "chaos/probes/pod.h"
#include "chaos/run_reconciler.h"

namespace {

using namespace chaos;
using namespace std::chrono_literals;
using base::Json;

Json parse(const char* text) {
    auto json = base::parseJson(text);
    EXPECT_TRUE(json) << text;
    return json ? *json : Json();
}

TEST(Topology, APodAsARunSeesIt) {
    auto pod = topology::parsePod(parse(R"({
        "metadata": {"name": "p", "uid": "u", "labels": {"scalableapp.dev/role": "Primary"},
                     "deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30},
        "spec": {"nodeName": "n"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}],
                   "containerStatuses": [{"state": {"running": {}}}]}})"),
                                  {{"n", "z2"}});
    EXPECT_EQ(pod.zone, "z2");
    EXPECT_EQ(pod.role, "Primary");
    EXPECT_TRUE(pod.ready);
    EXPECT_FALSE(pod.serving()) << "a pod that is being deleted gets no new visitors";
    EXPECT_FALSE(pod.ended);
    // When it was asked for, not when the grace is over.
    base::WallTime asked;
    ASSERT_TRUE(base::parseTime("2026-01-01T00:00:00Z", asked));
    EXPECT_EQ(pod.deletedAt, asked);
}

TEST(Topology, EndedIsEveryContainerTerminated) {
    const char* text = R"({"metadata": {"name": "p"}, "status": {"phase": "Running",
        "containerStatuses": [{"state": {"terminated": {}}}, {"state": {"%": {}}}]}})";
    std::string running(text);
    running.replace(running.find('%'), 1, "running");
    std::string ended(text);
    ended.replace(ended.find('%'), 1, "terminated");
    EXPECT_FALSE(topology::parsePod(parse(running.c_str()), {}).ended);
    EXPECT_TRUE(topology::parsePod(parse(ended.c_str()), {}).ended);
    EXPECT_FALSE(topology::parsePod(parse(R"({"metadata": {"name": "p"}})"), {}).ended);
}

TEST(Topology, AnAppAsARunSeesIt) {
    auto app = topology::parseApp(parse(R"({
        "metadata": {"name": "shop", "uid": "u", "labels": {"scalableapp.dev/chaos": "allowed"}},
        "spec": {"web": {"autoscaling": {"minReplicas": 4, "maxReplicas": 9}}},
        "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "X",
                                   "message": "web: ImagePullBackOff"}]}})"));
    EXPECT_TRUE(app.optedIn);
    EXPECT_FALSE(app.ready);
    EXPECT_EQ(app.readyMessage, "web: ImagePullBackOff");
    EXPECT_EQ(app.wantedReplicas, 4);
    auto other = topology::parseApp(parse(
        R"({"metadata": {"labels": {"scalableapp.dev/chaos": "yes"}}, "spec": {"web": {}}})"));
    EXPECT_FALSE(other.optedIn) << "only the exact word counts";
    EXPECT_FALSE(other.ready);
    EXPECT_EQ(other.wantedReplicas, 2);
}

TEST(Topology, TheTiersInFrontAsARunSeesThem) {
    auto app = topology::parseApp(parse(R"({"metadata": {"name": "shop"}, "spec": {
        "zones": [{"name": "z1"}, {"name": "z2"}], "web": {"port": 9000},
        "loadBalancer": {"replicas": 5}, "cdn": {"replicasPerZone": 2}}})"));
    EXPECT_EQ(app.webPort, 9000);
    EXPECT_EQ(app.zones, (std::vector<std::string>{"z1", "z2"}));
    EXPECT_EQ(topology::tierNamed("LoadBalancer")->floor(app, std::nullopt), 4);
    EXPECT_EQ(topology::tierNamed("CDN")->floor(app, std::nullopt), 3);
    EXPECT_EQ(topology::tierNamed("CDN")->floor(app, 1), 1)
        << "the disruption budget's word counts";
    auto plain = topology::parseApp(parse(R"({"metadata": {}, "spec": {"web": {}, "cdn": {}}})"));
    EXPECT_EQ(plain.webPort, 8080);
    EXPECT_EQ(topology::tierNamed("LoadBalancer")->floor(plain, std::nullopt), 1);
    EXPECT_EQ(topology::tierNamed("CDN")->floor(plain, std::nullopt), 1) << "the only one";
}

TEST(Topology, TheAutoscalersOfAllZonesAreOne) {
    auto scaler = topology::parseScalers({parse(R"({
        "spec": {"maxReplicas": 8, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 20}},
                 "metrics": [{"resource": {"target": {"averageUtilization": 60}}}]},
        "status": {"desiredReplicas": 3, "currentMetrics":
                   [{"resource": {"current": {"averageUtilization": 61}}}]}})"),
                                          parse(R"({
        "spec": {"maxReplicas": 4, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 90}}},
        "status": {"desiredReplicas": 2}})")});
    EXPECT_EQ(scaler.desired, 5);
    EXPECT_EQ(scaler.maximum, 12);
    EXPECT_TRUE(scaler.metricOver);
    EXPECT_EQ(scaler.scaleDownAfterSeconds, 90) << "the most patient one";
    EXPECT_EQ(topology::parseScalers({parse(R"({"spec": {}})")}).scaleDownAfterSeconds, 300);
}

TEST(ProbePod, IsRestrictedOwnedAndEndsByItself) {
    auto pod = probes::probePod({.name = "kill-1-probe",
                                 .namespace_ = "ns",
                                 .runName = "kill-1",
                                 .runUid = "uid",
                                 .image = "scalableapp:1",
                                 .url = "http://shop.ns.svc/",
                                 .requestsPerSecond = 70,
                                 .lifetime = 420s,
                                 .avoidNodes = {"n1"},
                                 .avoidZones = {"z1"}});
    EXPECT_EQ(base::stringAt(pod, "/metadata/ownerReferences/0/uid"), "uid");
    EXPECT_EQ(base::boolAt(pod, "/spec/automountServiceAccountToken"), false);
    EXPECT_EQ(base::boolAt(pod, "/spec/securityContext/runAsNonRoot"), true);
    EXPECT_EQ(base::stringAt(pod, "/spec/securityContext/seccompProfile/type"), "RuntimeDefault");
    const char* container = "/spec/containers/0/securityContext";
    EXPECT_EQ(base::boolAt(pod, std::string(container) + "/allowPrivilegeEscalation"), false);
    EXPECT_EQ(base::stringAt(pod, std::string(container) + "/capabilities/drop/0"), "ALL");
    EXPECT_EQ(base::stringAt(pod, "/spec/containers/0/args/1"), "--requests-per-second=70");
    EXPECT_EQ(base::intAt(pod, "/spec/activeDeadlineSeconds"), 480);
    // Never taken for a pod of the application it loads.
    EXPECT_EQ(base::at(pod, "/metadata/labels/scalableapp.dev~1app"), nullptr);
    const auto& preferred = base::arrayAt(
        pod, "/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution");
    ASSERT_EQ(preferred.size(), 2U);
    EXPECT_EQ(base::stringAt(preferred[0], "/preference/matchExpressions/0/operator"), "NotIn");
}

// Its node affinity, as "weight operator label values", "must" where it is no wish.
std::vector<std::string> placing(const probes::PodRequest& request) {
    auto pod = probes::probePod(request);
    std::string at = "/spec/affinity/nodeAffinity/";
    std::vector<std::string> out;
    auto add = [&](const std::string& weight, const base::Json& term) {
        for (const auto& one : base::arrayAt(term, "/matchExpressions")) {
            out.push_back(weight + " " + *base::stringAt(one, "/operator") + " " +
                          *base::stringAt(one, "/key") + " " + base::dumpJson(one["values"]));
        }
    };
    const auto& musts =
        base::arrayAt(pod, at + "requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    EXPECT_LE(musts.size(), 1U) << "several terms would be alternatives";
    for (const auto& term : musts) {
        add("must", term);
    }
    for (const auto& wish :
         base::arrayAt(pod, at + "preferredDuringSchedulingIgnoredDuringExecution")) {
        add(std::to_string(*base::intAt(wish, "/weight")), wish["preference"]);
    }
    return out;
}

TEST(ProbePod, StandsWhereVisitorsOfTheTargetsAreAndNotWhereItWouldDie) {
    const std::string zone = "topology.kubernetes.io/zone [\"z1\"]";
    const std::string node = "kubernetes.io/hostname [\"n1\"]";
    EXPECT_EQ(placing({}), std::vector<std::string>());
    EXPECT_EQ(placing({.nearZones = {"z1"}, .avoidNodes = {"n1"}}),
              (std::vector<std::string>{"100 In " + zone, "50 NotIn " + node}));
    EXPECT_EQ(
        placing({.nearZones = {"z1"}, .avoidNodes = {"n1"}, .mustAvoid = true}),
        (std::vector<std::string>{"must NotIn " + node, "100 In " + zone, "50 NotIn " + node}));
    EXPECT_EQ(placing({.avoidNodes = {"n1"}, .avoidZones = {"z1"}, .mustAvoid = true}),
              (std::vector<std::string>{"must NotIn " + zone, "must NotIn " + node,
                                        "100 NotIn " + zone, "50 NotIn " + node}));
}

TEST(ProbePod, WhyItDoesNotRun) {
    auto pulling = parseProbe(parse(R"({"metadata": {"uid": "u"}, "status": {"phase": "Pending",
        "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff",
                                                     "message": "no such image"}}}]}})"));
    EXPECT_FALSE(pulling.running);
    EXPECT_EQ(pulling.problem, "ImagePullBackOff: no such image");
    auto unplaced = parseProbe(parse(R"({"metadata": {"uid": "u"}, "status": {"phase": "Pending",
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                        "message": "0/6 nodes"}]}})"));
    EXPECT_EQ(unplaced.problem, "Unschedulable: 0/6 nodes");
    auto killed = parseProbe(parse(R"({"metadata": {"uid": "u"}, "status": {"phase": "Failed",
        "containerStatuses": [{"state": {"terminated": {"reason": "OOMKilled"}}}]}})"));
    EXPECT_TRUE(killed.ended);
    EXPECT_EQ(killed.problem, "OOMKilled");
}

TEST(ParseRun, NamesTheFieldThatCannotBe) {
    auto run = parseRun(parse(R"({"metadata": {"name": "x"}, "spec": {"app": "shop",
                                  "fault": {"type": "PodKill", "graceSeconds": 0}}})"));
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().message, "spec.fault.graceSeconds: 0 is less than 1");
    EXPECT_FALSE(parseRun(parse(R"({"metadata": {"name": "x"}, "spec": {}})")));
}

}  // namespace
