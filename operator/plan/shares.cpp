#include "plan/shares.h"

namespace plan {
namespace {

struct Claim {
    int64_t weight = 0;
    int64_t has = 0;
};

// Whether `a` is to get the next pod before `b`: weight / (2 has + 1), without fractions; a zone
// that has none comes before all that have one.
bool before(const Claim& a, const Claim& b) {
    if ((a.has == 0) != (b.has == 0)) {
        return a.has == 0;
    }
    return a.weight * (2 * b.has + 1) > b.weight * (2 * a.has + 1);
}

}  // namespace

std::vector<int64_t> shares(int64_t count, const std::vector<int64_t>& weights) {
    std::vector<Claim> claims;
    for (int64_t weight : weights) {
        claims.push_back({.weight = weight});
    }
    for (int64_t given = 0; given < count; ++given) {
        Claim* next = nullptr;
        for (auto& claim : claims) {
            if (claim.weight > 0 && (next == nullptr || before(claim, *next))) {
                next = &claim;
            }
        }
        if (next == nullptr) {
            break;
        }
        ++next->has;
    }
    std::vector<int64_t> out;
    for (const auto& claim : claims) {
        out.push_back(claim.has);
    }
    return out;
}

}  // namespace plan
