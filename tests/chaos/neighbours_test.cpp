// Who else is on the nodes that a driver takes power or network from: refused before anything is
// touched, unless people accept it; the control plane and the only chaos process never.
#include "chaos/effects/neighbours.h"

#include <gtest/gtest.h>

#include "chaos/kinds.h"
#include "chaos/report/report.h"
#include "chaos/support/cases.h"

namespace {

using base::Json;
using base::stringAt;
using chaos::fake::Cluster;
using chaos::fake::FaultCase;
using chaos::fake::faultCase;
using chaos::fake::kChaosNamespace;
using chaos::fake::prepare;

constexpr const char* kByDriver[] = {"NodeStop", "ZoneOutageByPower", "NetworkPartitionByDriver"};

FaultCase accepting(const std::string& name) {
    auto out = faultCase(name);
    out.spec["safety"]["allowSharedNodes"] = true;
    return out;
}

Json named(const std::string& namespace_, const std::string& name, const Json& more = Json()) {
    Json out{{"namespace", namespace_}, {"name", name}};
    out.update(more.is_null() ? Json::object() : more);
    return out;
}

Json ownedBy(const char* kind) {
    return {{"ownerReferences",
             Json::array({{{"apiVersion", "apps/v1"}, {"kind", kind}, {"uid", "owner-1"}}})}};
}

Json controlPlanePod() {
    return named("kube-system", "etcd-node-2",
                 {{"labels", {{"tier", "control-plane"}}},
                  {"annotations", {{chaos::topology::kMirrorAnnotation, "1"}}}});
}

// A chaos process of the same Deployment.
Json process(const char* name) {
    return named(kChaosNamespace, name, {{"labels", {{"app.kubernetes.io/component", "chaos"}}}});
}

// Wherever a fault of this table may strike.
void everywhere(Cluster& cluster, const Json& metadata) {
    for (const char* node : {"node-1", "node-2", "node-3"}) {
        auto one = metadata;
        one["name"] = *stringAt(metadata, "/name") + "-" + node;
        cluster.addNeighbour(node, one);
    }
}

Json runOf(Cluster& cluster) {
    cluster.drive();
    return cluster.runs().at(0);
}

std::string says(const Json& run) {
    return stringAt(run, "/status/reasons/0").value_or("");
}

void expectUntouched(const Cluster& cluster, const Json& run, const std::string& when) {
    EXPECT_EQ(base::at(run, "/status/intentAt"), nullptr) << when;
    EXPECT_TRUE(cluster.power.calls.empty()) << when;
    EXPECT_TRUE(cluster.cable.calls.empty()) << when;
    EXPECT_TRUE(cluster.leftovers().empty()) << when;
    EXPECT_EQ(cluster.podDeletes(), 0U) << when;
}

void expectRefused(const Cluster& cluster, const Json& run, const std::string& why,
                   const std::string& when) {
    EXPECT_EQ(stringAt(run, "/status/verdict"), "Inconclusive") << when;
    EXPECT_EQ(stringAt(run, "/status/reason"), "OthersAffected")
        << when << base::dumpJsonPretty(run);
    EXPECT_NE(says(run).find(why), std::string::npos) << when << ": " << says(run);
    expectUntouched(cluster, run, when);
}

TEST(Neighbours, OfAnyNamespaceAreNotTakenAlong) {
    for (const char* name : kByDriver) {
        Cluster cluster;
        prepare(cluster, faultCase(name));
        everywhere(cluster, named("kube-system", "coredns"));
        auto run = runOf(cluster);
        expectRefused(cluster, run, "others are on the nodes of the fault: kube-system/", name);
        EXPECT_NE(says(run).find("spec.safety.allowSharedNodes: true"), std::string::npos);
        EXPECT_EQ(base::intAt(run, "/status/prediction/neighboursCount"), 1) << name;
    }
}

TEST(Neighbours, ThatHaveOptedInHaveDoneSoForExperimentsOfTheirOwn) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutageByPower"));
    cluster.addApp("store", 3, true);
    expectRefused(cluster, runOf(cluster), "ns/store-web-", "opted in");
}

TEST(Neighbours, AreNamedUpToThreeAndCounted) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutageByPower"));
    for (int i = 11; i >= 0; --i) {
        auto number = std::string(i < 10 ? "0" : "") + std::to_string(i);
        cluster.addNeighbour("node-2", named("mail", "queue-" + number));
    }
    auto run = runOf(cluster);
    expectRefused(cluster, run,
                  "others are on the nodes of the fault: mail/queue-00, mail/queue-01, "
                  "mail/queue-02 and 9 more; give the application nodes of its own",
                  "twelve");
    EXPECT_EQ(base::arrayAt(run, "/status/prediction/neighbours").size(), 10U);
    EXPECT_EQ(base::intAt(run, "/status/prediction/neighboursCount"), 12);
}

TEST(Neighbours, ThatAreAcceptedAreNamedInPredictionAndReport) {
    for (const char* name : kByDriver) {
        Cluster cluster;
        prepare(cluster, accepting(name));
        everywhere(cluster, named("mail", "queue"));
        auto run = runOf(cluster);
        EXPECT_EQ(stringAt(run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(run);
        auto document = chaos::report::document(run);
        auto neighbour = stringAt(document, "/prediction/neighbours/0").value_or("");
        EXPECT_TRUE(neighbour.starts_with("mail/queue-node-")) << name << neighbour;
        for (const auto& text : {chaos::report::text(document), chaos::report::html(document)}) {
            EXPECT_NE(text.find("with it go others: " + neighbour), std::string::npos)
                << name << text;
        }
    }
}

// Whoever may write an experiment is not the one who may take nodes from others.
TEST(Neighbours, AreAcceptedOnlyWhereAnAdministratorLetsExperimentsDoSo) {
    for (const char* name : kByDriver) {
        Cluster cluster;
        cluster.sharesNodes = false;
        prepare(cluster, accepting(name));
        everywhere(cluster, named("mail", "queue"));
        expectRefused(cluster, runOf(cluster), "chaos.sharedNodes in the chart", name);
    }
}

TEST(Neighbours, ADryRunShowsThem) {
    Cluster cluster;
    auto one = accepting("ZoneOutageByPower");
    one.spec["safety"]["dryRun"] = true;
    prepare(cluster, one);
    cluster.addNeighbour("node-2", named("mail", "queue"));
    auto run = runOf(cluster);
    EXPECT_EQ(stringAt(run, "/status/reason"), "DryRun");
    EXPECT_NE(says(run).find("with it go others: mail/queue"), std::string::npos) << says(run);
    expectUntouched(cluster, run, "dry");
}

TEST(Neighbours, AreOnlyThoseOfTheNodesThatAreHit) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutageByPower"));
    cluster.addNeighbour("node-3", named("mail", "queue"));
    EXPECT_EQ(stringAt(runOf(cluster), "/status/verdict"), "Resilient");
}

// Evicted and deleted is the application's own alone: others stay where they are.
TEST(Neighbours, AreNobodysBusinessWithoutADriver) {
    for (const char* name : {"NodeDrain", "ZoneOutage"}) {
        Cluster cluster;
        prepare(cluster, faultCase(name));
        everywhere(cluster, named("mail", "queue"));
        cluster.forbidden = "/api/v1/pods?";
        EXPECT_EQ(stringAt(runOf(cluster), "/status/verdict"), "Resilient") << name;
    }
}

TEST(Neighbours, AreNotWhatEveryNodeHasNorWhatIsOver) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutageByPower"));
    cluster.addNeighbour("node-2", named("kube-system", "proxy", ownedBy("DaemonSet")));
    cluster.addNeighbour("node-2",
                         named("kube-system", "static-proxy",
                               {{"annotations", {{chaos::topology::kMirrorAnnotation, "1"}}}}));
    cluster.addNeighbour("node-2", named("mail", "job", ownedBy("Job")));
    cluster.server->edit(chaos::kPods, {"mail", "job"},
                         [](Json& pod) { pod["status"]["phase"] = "Succeeded"; });
    auto run = runOf(cluster);
    EXPECT_EQ(stringAt(run, "/status/verdict"), "Resilient") << base::dumpJsonPretty(run);
}

TEST(Neighbours, AreProbesOfOtherRunsButNotOfOurs) {
    chaos::run::Run run;
    run.namespace_ = "ns";
    run.uid = "ours";
    run.spec.app = "shop";
    chaos::run::Seen seen;
    auto& tenants = seen.tenants["node-2"];
    for (const char* of : {"ours", "theirs"}) {
        chaos::topology::Tenant probe;
        probe.namespace_ = "ns";
        probe.name = of;
        probe.runUid = of;
        tenants.push_back(probe);
    }
    std::vector<chaos::run::Effect> effects{
        {chaos::effects::kNodePower, "node-2", "uid", {}, {}, {}}};
    EXPECT_EQ(chaos::effects::neighbours(effects, {run, seen}),
              std::vector<std::string>{"ns/theirs"});
    // A namespace of somebody else is not ours because its people use the same names.
    tenants[0].namespace_ = "other";
    tenants[1].app = "shop";
    EXPECT_EQ(chaos::effects::neighbours(effects, {run, seen}),
              std::vector<std::string>{"other/ours"});
}

TEST(ControlPlane, IsNeverTakenWhateverIsAccepted) {
    for (const char* name : kByDriver) {
        Cluster cluster;
        prepare(cluster, accepting(name));
        for (const char* node : {"node-1", "node-2", "node-3"}) {
            cluster.server->edit(chaos::kNodes, {"", node}, [](Json& one) {
                one["metadata"]["labels"][chaos::topology::kControlPlaneLabel] = "";
            });
        }
        expectRefused(cluster, runOf(cluster), "(label node-role.kubernetes.io/control-plane)",
                      name);
    }
}

TEST(ControlPlane, IsKnownByItsStaticPodsToo) {
    Cluster cluster;
    prepare(cluster, accepting("ZoneOutageByPower"));
    cluster.addNeighbour("node-2", controlPlanePod());
    expectRefused(cluster, runOf(cluster), "node \"node-2\" (static pod kube-system/etcd-node-2)",
                  "static");
}

TEST(ChaosProcess, IsNotTakenWhereNobodyElseCouldGiveTheNodeBack) {
    struct Case {
        const char* when;
        const char* another;  // its node
        bool ready;
        bool refused;
    };
    for (const auto& one : {Case{"alone", "", true, true}, Case{"another", "node-3", true, false},
                            Case{"another on the same node", "node-2", true, true},
                            Case{"another that is not ready", "node-3", false, true}}) {
        Cluster cluster;
        prepare(cluster, accepting("ZoneOutageByPower"));
        cluster.addNeighbour("node-2", process("chaos-0"));
        if (*one.another != 0) {
            cluster.addNeighbour(one.another, process("chaos-1"));
            cluster.server->edit(chaos::kPods, {kChaosNamespace, "chaos-1"}, [&](Json& pod) {
                pod["status"]["conditions"][0]["status"] = one.ready ? "True" : "False";
            });
        }
        auto run = runOf(cluster);
        if (one.refused) {
            expectRefused(cluster, run, "carries this chaos process (chaos-0)", one.when);
            EXPECT_NE(says(run).find("chaos.replicas"), std::string::npos) << says(run);
        } else {
            EXPECT_EQ(stringAt(run, "/status/verdict"), "Resilient") << one.when;
        }
    }
}

TEST(ChaosProcess, ThatAnotherOneCanStandInForIsANeighbourLikeAnyOther) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutageByPower"));
    cluster.addNeighbour("node-2", process("chaos-0"));
    cluster.addNeighbour("node-3", process("chaos-1"));
    expectRefused(cluster, runOf(cluster), "chaos-system/chaos-0; give the application", "shared");
}

TEST(Neighbours, ThatComeWhileTheSteadyStateIsWatchedAreFoundBeforeTheIntent) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutageByPower"));
    cluster.driveUntil([&] {
        auto runs = cluster.runs();
        return !runs.empty() && stringAt(runs[0], "/status/phase") == "SteadyState";
    });
    cluster.addNeighbour("node-2", named("mail", "queue"));
    expectRefused(cluster, runOf(cluster), "mail/queue", "between prediction and intent");
}

// After everything else was looked at, and the node is marked already.
TEST(PlantedFault, ANeighbourThatComesAtTheLastMomentIsNotTakenAlong) {
    for (const char* name : kByDriver) {
        Cluster cluster;
        prepare(cluster, faultCase(name));
        bool came = false;
        cluster.eachWrite = [&] {
            auto left = cluster.leftovers();
            bool marked = std::any_of(left.begin(), left.end(), [](const std::string& what) {
                return what.starts_with("mark on ");
            });
            if (marked && !came) {
                came = true;
                everywhere(cluster, named("mail", "queue"));
            }
        };
        auto run = runOf(cluster);
        EXPECT_TRUE(came) << name;
        EXPECT_EQ(stringAt(run, "/status/verdict"), "Inconclusive") << name;
        EXPECT_NE(stringAt(run, "/status/aborted").value_or("").find("others are on the nodes"),
                  std::string::npos)
            << name << base::dumpJsonPretty(run);
        for (const auto* driver : {&cluster.power, &cluster.cable}) {
            EXPECT_EQ(driver->switchedOff, 0) << name;
        }
        EXPECT_TRUE(cluster.leftovers().empty()) << name;
    }
}

TEST(MissingRight, ToSeeWhoElseIsThereIsSaidAndNothingIsGuessed) {
    for (bool accepted : {false, true}) {
        Cluster cluster;
        prepare(cluster,
                accepted ? accepting("ZoneOutageByPower") : faultCase("ZoneOutageByPower"));
        cluster.forbidden = "/api/v1/pods?";
        auto run = runOf(cluster);
        EXPECT_EQ(stringAt(run, "/status/reason"), "OthersUnknown") << base::dumpJsonPretty(run);
        EXPECT_NE(says(run).find("list the pods of all namespaces"), std::string::npos)
            << says(run);
        expectUntouched(cluster, run, "no right");
    }
}

TEST(MissingRight, ThatIsTakenAwayBeforeTheSwitchEndsTheRun) {
    Cluster cluster;
    prepare(cluster, faultCase("ZoneOutageByPower"));
    cluster.eachWrite = [&] {
        if (base::at(cluster.runs().at(0), "/status/intentAt") != nullptr) {
            cluster.forbidden = "/api/v1/pods?";
        }
    };
    auto run = runOf(cluster);
    EXPECT_NE(stringAt(run, "/status/aborted").value_or("").find("is not known"), std::string::npos)
        << base::dumpJsonPretty(run);
    EXPECT_EQ(cluster.power.switchedOff, 0);
    EXPECT_TRUE(cluster.leftovers().empty());
}

}  // namespace
