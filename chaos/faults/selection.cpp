#include "chaos/faults/selection.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace chaos::faults {
namespace {

// SplitMix64 (public domain algorithm by Sebastiano Vigna).
class Generator {
  public:
    explicit Generator(uint64_t seed) : state_(seed) {}

    uint64_t next() {
        state_ += 0x9e3779b97f4a7c15ULL;
        uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31U);
    }

    // Uniform in 0..bound-1: values of the incomplete last stripe are drawn again.
    uint64_t below(uint64_t bound) {
        uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
        uint64_t value = next();
        while (value >= limit) {
            value = next();
        }
        return value % bound;
    }

  private:
    uint64_t state_;
};

}  // namespace

std::vector<size_t> sample(size_t size, size_t count, uint64_t seed) {
    std::vector<size_t> indexes(size);
    std::iota(indexes.begin(), indexes.end(), size_t{0});
    count = std::min(count, size);
    Generator generator(seed);
    for (size_t i = 0; i < count; ++i) {
        std::swap(indexes[i], indexes[i + generator.below(size - i)]);
    }
    indexes.resize(count);
    std::sort(indexes.begin(), indexes.end());
    return indexes;
}

}  // namespace chaos::faults
