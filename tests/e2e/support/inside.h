// Requests from a node of the local cluster: many at once, from many addresses, to pods and
// Services by their addresses. What a visitor meets between himself and the pods is what is looked
// at, with neither kubectl nor the API server in between.
//
//   class Balancing : public e2e::InsideTest {};
//   TEST_F(Balancing, EachPodGetsTheSame) {
//       apply(appYaml("shop", troublesome("replicas: 8")) + "  loadBalancer: {}\n");
//       ASSERT_TRUE(becomesReady("shop"));
//       auto met = crowd({.to = {pods("loadBalancer").front().at(8080)}, .requests = 800});
//       EXPECT_EQ(met.bodies.size(), 8U);
//   }
//
// Skipped without the local cluster. Needs root.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "e2e/support/cluster.h"
#include "support/crowd.h"

namespace e2e {

class InsideTest : public ClusterTest {
  protected:
    void SetUp() override;
    void TearDown() override;

    struct Pod {
        std::string name;
        std::string address;
        support::Address at(int port) const { return {address, port}; }
    };
    // Ready pods of the application "shop" and nobody deletes them, by name.
    std::vector<Pod> pods(const std::string& tier = "web") const;
    support::Address service(const std::string& name) const;

    support::Met crowd(const support::Crowd& what) const;
    support::Answer ask(const support::Address& address, const support::Ask& what = {}) const;
    // So many addresses of the node that requests may come from; they go with the test.
    std::vector<std::string> addresses(int count);

    // What there is to say of spec.web beside the image, for pods that misbehave when asked to.
    static std::string troublesome(const std::string& web);
    // From now on: "errors=60&delay=200".
    void trouble(const Pod& pod, const std::string& what) const;
    void troubleAll(const std::string& what) const;
    struct Counts {
        int64_t requests = 0;
        int64_t mostAtOnce = 0;  // at the pod that had most, since this was last asked
    };
    Counts counts() const;

  private:
    void inside(const std::function<void()>& what) const;

    std::string netns_;
    std::vector<std::string> added_;
};

}  // namespace e2e
