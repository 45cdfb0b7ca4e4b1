#include "plan/patience.h"

#include <algorithm>

#include "plan/pod_template.h"

namespace plan {
namespace {

// What nothing else bounds.
constexpr int64_t kDefaultSeconds = 60;
// The way there and back, and connections that pods do not take.
constexpr int64_t kMargin = 10;
// To end, when all is done.
constexpr int64_t kEnd = 5;
// A download or an upload may take longer than the answer takes to begin.
constexpr int64_t kLeastShutdown = 30;
// Nobody who empties a node waits longer (the cluster autoscaler by default, and a drain of most
// providers), and a rollout waits as long for every single pod.
constexpr int64_t kMostGrace = 600;

}  // namespace

int64_t podSeconds(const api::Resilience& resilience) {
    return resilience.timeoutSeconds.value_or(kDefaultSeconds);
}

int64_t answerSeconds(const api::Resilience& resilience) {
    // First the wait for a pod, where one may be kept waiting, then the wait for its answer.
    return podSeconds(resilience) * (resilience.bulkhead ? 2 : 1) + kMargin;
}

int64_t originSeconds(const api::ScalableApp& app) {
    return app.hasLoadBalancerTier() ? std::max(kDefaultSeconds, answerSeconds(app.resilience))
                                     : kDefaultSeconds;
}

int64_t shutdownSeconds(int64_t longest) {
    return std::clamp(longest, kLeastShutdown, kMostGrace - kProxyDrainSeconds - kEnd);
}

int64_t proxyGraceSeconds(int64_t longest) {
    return kProxyDrainSeconds + shutdownSeconds(longest) + kEnd;
}

}  // namespace plan
