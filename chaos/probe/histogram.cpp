#include "chaos/probe/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace chaos::probe {
namespace {

// Below 16 µs every microsecond has its own bucket; above, 16 buckets share each power of two.
constexpr int kSubBuckets = 16;
constexpr int kSubBits = 4;
constexpr int kHighestBit = 32;  // 2^32 µs is 71 minutes: longer than any request may take
constexpr int kBuckets = kSubBuckets * (kHighestBit - kSubBits + 1);

}  // namespace

int Histogram::bucketOf(Micros value) {
    auto clamped = std::clamp<int64_t>(value.count(), 0, (int64_t{1} << kHighestBit) - 1);
    auto bits = static_cast<uint64_t>(clamped);
    if (bits < kSubBuckets) {
        return static_cast<int>(bits);
    }
    int shift = static_cast<int>(std::bit_width(bits)) - 1 - kSubBits;
    return kSubBuckets * shift + static_cast<int>(bits >> static_cast<unsigned>(shift));
}

Histogram::Micros Histogram::upperEdge(int index) {
    if (index < kSubBuckets) {
        return Micros(index);
    }
    int shift = index / kSubBuckets - 1;
    int64_t mantissa = index - kSubBuckets * shift;
    return Micros(((mantissa + 1) << shift) - 1);
}

void Histogram::add(Micros value, int64_t count) {
    buckets_[bucketOf(value)] += count;
    count_ += count;
}

void Histogram::merge(const Histogram& other) {
    for (const auto& [index, count] : other.buckets_) {
        buckets_[index] += count;
    }
    count_ += other.count_;
}

bool Histogram::addBucket(int index, int64_t count) {
    if (index < 0 || index >= kBuckets || count <= 0) {
        return false;
    }
    buckets_[index] += count;
    count_ += count;
    return true;
}

Histogram::Micros Histogram::quantile(double share) const {
    if (count_ == 0) {
        return Micros(0);
    }
    auto wanted =
        std::max<int64_t>(1, static_cast<int64_t>(std::ceil(share * static_cast<double>(count_))));
    int64_t seen = 0;
    for (const auto& [index, count] : buckets_) {
        seen += count;
        if (seen >= wanted) {
            return upperEdge(index);
        }
    }
    return upperEdge(buckets_.rbegin()->first);
}

}  // namespace chaos::probe
