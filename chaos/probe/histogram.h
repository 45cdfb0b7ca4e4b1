// How long things took, in bounded memory: counts in buckets that grow with the value, sixteen to
// each doubling, so that any quantile is right within 6.25 % from 1 µs to over an hour.
//
//   Histogram latency;
//   latency.add(std::chrono::milliseconds(12));
//   latency.quantile(0.99);   // the upper edge of the bucket that holds it: never flatters
//
// Thread safety: as for a plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

namespace chaos::probe {

class Histogram {
  public:
    using Micros = std::chrono::microseconds;

    void add(Micros value, int64_t count = 1);
    void merge(const Histogram& other);

    int64_t count() const { return count_; }
    // The smallest bucket edge that at least `share` (0..1] of the values do not exceed; 0 when
    // empty.
    Micros quantile(double share) const;

    // Only buckets that hold something: index -> count.
    const std::map<int, int64_t>& buckets() const { return buckets_; }
    // The inverse of buckets(). False (and nothing added) for an index or count no histogram has.
    bool addBucket(int index, int64_t count);

    bool operator==(const Histogram&) const = default;

    static int bucketOf(Micros value);
    // The largest value that falls into the bucket.
    static Micros upperEdge(int index);

  private:
    std::map<int, int64_t> buckets_;
    int64_t count_ = 0;
};

}  // namespace chaos::probe
