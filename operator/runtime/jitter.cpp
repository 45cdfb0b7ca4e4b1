#include "runtime/jitter.h"

#include <random>

namespace runtime {

std::function<double()> randomJitter() {
    return [random = std::mt19937(std::random_device{}())]() mutable {
        return std::uniform_real_distribution<double>(0, 1)(random);
    };
}

}  // namespace runtime
