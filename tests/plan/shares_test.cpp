// Pods are split by weight, and one more pod never moves another.
#include "plan/shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace {

using plan::shares;
using testing::ElementsAre;

TEST(Shares, FollowTheWeights) {
    EXPECT_THAT(shares(6, {100, 100, 100}), ElementsAre(2, 2, 2));
    EXPECT_THAT(shares(5, {100, 100, 50}), ElementsAre(2, 2, 1));
    EXPECT_THAT(shares(10, {70, 20, 10}), ElementsAre(7, 2, 1));
    EXPECT_THAT(shares(7, {100, 100}), ElementsAre(4, 3));
}

TEST(Shares, AZoneOfWeightZeroGetsNone) {
    EXPECT_THAT(shares(4, {100, 0, 100}), ElementsAre(2, 0, 2));
    EXPECT_THAT(shares(4, {0, 0}), ElementsAre(0, 0));
}

TEST(Shares, EachZoneGetsItsFirstBeforeAnyGetsMore) {
    EXPECT_THAT(shares(3, {98, 1, 1}), ElementsAre(1, 1, 1));
    EXPECT_THAT(shares(2, {1, 5, 3}), ElementsAre(0, 1, 1));
}

TEST(Shares, AddUpAndGrowByOneAtATime) {
    for (const auto& weights :
         std::vector<std::vector<int64_t>>{{100}, {3, 2, 1}, {1000, 1}, {7, 0, 7, 7, 1}}) {
        auto before = shares(0, weights);
        for (int64_t count = 1; count <= 60; ++count) {
            auto now = shares(count, weights);
            EXPECT_EQ(std::accumulate(now.begin(), now.end(), int64_t{0}), count);
            for (size_t i = 0; i < now.size(); ++i) {
                EXPECT_GE(now[i], before[i]) << count;
            }
            before = now;
        }
    }
}

}  // namespace
