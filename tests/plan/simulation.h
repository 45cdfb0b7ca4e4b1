// A cluster that carries a plan out step by step: objects are applied, autoscalers and Deployments
// follow, and pods are ready one step after they were asked for.
//
//   Simulation cluster(app(...));
//   cluster.settle();
//   cluster.spec(app(...));                 // a person changes the spec
//   while (cluster.step()) { EXPECT_GE(cluster.available("web"), 4); }
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace plan_test {

class Simulation {
  public:
    explicit Simulation(const api::ScalableApp& app);

    void spec(const api::ScalableApp& app);
    // One look of the operator and one of the controllers. False: nothing changed.
    bool step();
    // Steps until nothing changes; fails the test after thirty.
    void settle();

    base::Json* find(const std::string& kind, const std::string& name);
    bool has(const std::string& kind, const std::string& name) {
        return find(kind, name) != nullptr;
    }
    int64_t available(const std::string& tier) const;
    std::vector<std::string> names(const std::string& kind) const;
    // Pods of this Deployment never get ready.
    void breakPods(const std::string& deployment) { broken_.push_back(deployment); }
    // What was broken is whole again.
    void mendPods(const std::string& deployment) { std::erase(broken_, deployment); }
    void pass(std::chrono::seconds time) { seen.now += time; }

    plan::Observed seen;
    plan::Plan last;
    api::ScalableApp app;

  private:
    void apply(const plan::Plan& plan);
    void followSpec(base::Json& deployment);
    base::Json conditionsOf(const base::Json& deployment, bool whole) const;

    std::vector<std::string> broken_;
};

}  // namespace plan_test
