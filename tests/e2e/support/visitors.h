// Visitors who come at a steady rate while the application "shop" changes under them, from inside
// the cluster and by the Service's name: none of them may notice.
//
//   class Traffic : public e2e::VisitedTest {};
//   TEST_F(Traffic, ARolloutFailsNobody) {
//       apply(appYaml("shop", "replicas: 4"));
//       ASSERT_TRUE(becomesReady("shop"));
//       sendVisitors();
//       change(R"({"spec":{"web":{"image":"shop:2"}}})");
//       expectNobodyFailed("rollout");
//   }
//
// Environment: OPERATOR_IMAGE, the image that holds scalableapp-probe; skipped without it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "e2e/support/cluster.h"

namespace e2e {

struct Visitors {
    std::string name = "visitors";
    std::string path = "/";
    int requestsPerSecond = 200;
    int seconds = 900;
    std::string where = "{}";  // node labels
};

// What they met so far.
struct Tally {
    int64_t sent = 0;
    int64_t ok = 0;
    int64_t longestGapMs = 0;
    int64_t lastSecond = 0;
    int64_t lastFailure = 0;  // the second of it
    std::map<std::string, int64_t> errors;
};

class VisitedTest : public ClusterTest {
  protected:
    void SetUp() override;

    // Returns once the first of them are served.
    void sendVisitors(const Visitors& visitors = {});
    Tally tally(const std::string& visitors = "visitors") const;
    // After what was just done, and a few seconds more for what comes late.
    void expectNobodyFailed(const std::string& what);
};

}  // namespace e2e
