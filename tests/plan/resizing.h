// A cluster in which pods may be resized in place: what a Deployment's controller, a ReplicaSet's
// and the kubelets make of what the operator does, write by write.
//
//   Resizing cluster(app(...));
//   cluster.settle();
//   cluster.app = app(...);                       // other resources
//   cluster.settle();
//   EXPECT_EQ(cluster.podNames(), before);        // none was replaced
//
// Thread safety: one thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace plan_test {

class Resizing {
  public:
    explicit Resizing(const api::ScalableApp& app);

    // One look of the operator, which dies after `writes` writes; the number that it made.
    size_t operate(std::optional<size_t> writes = std::nullopt);
    // One look of everybody else. False: nothing changed.
    bool control();
    // Until nothing changes any more; fails the test after fifty looks.
    void settle();

    base::Json* find(const std::string& kind, const std::string& name);
    std::set<std::string> podNames() const;
    std::vector<const base::Json*> all(const std::string& kind) const;
    // The cpu that is asked for, of every pod, of every live ReplicaSet and of every Deployment.
    std::set<std::string> cpus() const;
    int64_t podsAsked() const;  // pods that have been asked for what they do not have

    api::ScalableApp app;
    plan::Observed seen;
    plan::Plan last;
    std::vector<plan::EventIntent> events;
    size_t writes = 0;  // of the operator, so far
    // What the kubelets say of pods whose name begins so: a reason of PodResizePending, or
    // nothing at all.
    std::map<std::string, std::string> kubelets;
    // The Deployment's controller sees ReplicaSets as they were one look ago.
    bool lags = false;
    int rollouts = 0;

  private:
    size_t applyIntents(size_t most);
    size_t applyScales(size_t most);
    size_t applyPatches(size_t most);
    void lookAtDeployment(const std::string& name, const std::vector<base::Json>& sets);
    void makeSet(const std::string& deployment);
    void roll(const std::string& deployment, const std::string& set);
    void followSet(const std::string& name);
    void followPod(base::Json& pod) const;
    void makePod(const base::Json& set);

    std::vector<base::Json> setsBefore_;
    int made_ = 0;
};

}  // namespace plan_test
