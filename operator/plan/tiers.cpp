#include "plan/cdn.h"
#include "plan/exposure.h"
#include "plan/load_balancer.h"
#include "plan/tier.h"
#include "plan/web.h"

namespace plan {

// In the order in which they are made and in which their causes are told: the other way round than
// requests come by them.
const std::vector<Tier>& tiers() {
    static const std::vector<Tier> kTiers{webTier(), loadBalancerTier(), cdnTier(), exposureTier()};
    return kTiers;
}

}  // namespace plan
