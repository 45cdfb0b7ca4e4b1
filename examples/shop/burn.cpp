#include "shop/burn.h"

#include <cstdint>
#include <ctime>

namespace shop {
namespace {

std::chrono::nanoseconds threadCpuTime() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

void burn(std::chrono::milliseconds cpuTime) {
    const auto end = threadCpuTime() + cpuTime;
    // volatile: without it the compiler sees that nobody uses the number and drops the loop.
    volatile uint64_t number = 88172645463325252ULL;
    while (threadCpuTime() < end) {
        for (int round = 0; round < 1000; ++round) {
            uint64_t next = number;
            next ^= next << 13;
            next ^= next >> 7;
            next ^= next << 17;
            number = next;
        }
    }
}

}  // namespace shop
