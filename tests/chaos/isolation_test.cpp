// The NetworkPolicy of a partition, to the letter: what is in it is what a network enforces.
#include "chaos/effects/isolation.h"

#include <gtest/gtest.h>

#include "chaos/support/samples.h"

namespace {

using namespace chaos;
using namespace std::chrono_literals;
using base::Json;

run::Run partition(const std::string& tier) {
    run::Run run;
    run.namespace_ = "ns";
    run.name = "cut-1";
    run.uid = "run-uid";
    run.spec = fake::usualSpec();
    run.spec.target.tier = tier;
    run.spec.target.zone = "z2";
    run.status.deadline = fake::kStart + 60s;
    return run;
}

// Both directions, and no rule in either: nobody is let through, neither a neighbour in the zone
// nor the cluster's DNS. Pods of the zone and the tier alone, in the application's own namespace.
TEST(Isolation, CutsEverythingOffThatTheZoneHasOfTheTierAndNothingElse) {
    auto golden = base::parseJson(R"({
      "apiVersion": "networking.k8s.io/v1",
      "kind": "NetworkPolicy",
      "metadata": {
        "name": "cut-1-isolation",
        "namespace": "ns",
        "labels": {"scalableapp.dev/chaos-run": "cut-1"},
        "annotations": {"scalableapp.dev/chaos-deadline": "2026-01-01T00:01:00.000000Z"},
        "ownerReferences": [{"apiVersion": "scalableapp.dev/v1alpha1", "kind": "ChaosRun",
                             "name": "cut-1", "uid": "run-uid", "controller": true,
                             "blockOwnerDeletion": false}]
      },
      "spec": {
        "podSelector": {"matchLabels": {"scalableapp.dev/app": "shop",
                                        "scalableapp.dev/zone": "z2",
                                        "scalableapp.dev/tier": "web"}},
        "policyTypes": ["Ingress", "Egress"]
      }
    })");
    ASSERT_TRUE(golden);
    auto policy = effects::isolationPolicy(partition("Web"));
    EXPECT_TRUE(base::sameJson(policy, *golden)) << base::dumpJsonPretty(policy);
}

TEST(Isolation, TakesTheLabelOfTheTierThatIsAsked) {
    for (const auto& [tier, label] : {std::pair("LoadBalancer", "loadBalancer"), {"CDN", "cdn"}}) {
        auto policy = effects::isolationPolicy(partition(tier));
        EXPECT_EQ(base::stringAt(policy, "/spec/podSelector/matchLabels/scalableapp.dev~1tier"),
                  label);
    }
}

}  // namespace
