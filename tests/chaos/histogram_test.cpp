#include "chaos/probe/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace {

using chaos::probe::Histogram;
using namespace std::chrono_literals;

TEST(Histogram, EveryValueLiesInsideItsBucketAndBucketsAreOrdered) {
    for (int64_t value = 0; value < 100'000; value += (value < 300 ? 1 : 37)) {
        int index = Histogram::bucketOf(Histogram::Micros(value));
        EXPECT_LE(value, Histogram::upperEdge(index).count());
        if (index > 0) {
            EXPECT_GT(value, Histogram::upperEdge(index - 1).count());
        }
    }
}

TEST(Histogram, QuantilesAreNeverBelowAndWithinASixteenthOfTheTruth) {
    std::mt19937 random(7);  // NOLINT: the same values each time
    std::lognormal_distribution<double> shape(9, 1.5);
    std::vector<int64_t> values;
    Histogram histogram;
    for (int i = 0; i < 20'000; ++i) {
        auto value = static_cast<int64_t>(shape(random));
        values.push_back(value);
        histogram.add(Histogram::Micros(value));
    }
    std::sort(values.begin(), values.end());
    for (double share : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        auto rank = static_cast<size_t>(std::max(1.0, std::ceil(share * 20'000.0))) - 1;
        auto truth = static_cast<double>(values[rank]);
        auto told = static_cast<double>(histogram.quantile(share).count());
        EXPECT_GE(told, truth) << share;
        EXPECT_LE(told, truth * (1.0 + 1.0 / 16) + 1) << share;
    }
}

TEST(Histogram, MergeIsTheSameAsAddingAll) {
    Histogram one;
    Histogram two;
    Histogram all;
    for (int i = 1; i < 500; ++i) {
        (i % 3 == 0 ? one : two).add(Histogram::Micros(i * i));
        all.add(Histogram::Micros(i * i));
    }
    one.merge(two);
    EXPECT_EQ(one, all);
}

TEST(Histogram, BucketsRoundTripAndNonsenseIsRefused) {
    Histogram histogram;
    histogram.add(3us);
    histogram.add(2h);  // beyond the last bucket: counted in it
    Histogram copy;
    for (const auto& [index, count] : histogram.buckets()) {
        EXPECT_TRUE(copy.addBucket(index, count));
    }
    EXPECT_EQ(copy, histogram);
    EXPECT_FALSE(copy.addBucket(-1, 1));
    EXPECT_FALSE(copy.addBucket(100'000, 1));
    EXPECT_FALSE(copy.addBucket(1, 0));
    EXPECT_EQ(copy, histogram);
}

TEST(Histogram, EmptyHasNoQuantile) {
    EXPECT_EQ(Histogram().quantile(0.99), 0us);
}

}  // namespace
