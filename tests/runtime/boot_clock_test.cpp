#include "runtime/boot_clock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

namespace {

using namespace std::chrono_literals;

constexpr int kNoNamespaces = 77;

// In a time namespace in which the machine has slept for an hour since its start.
int afterAnHourOfSleep() {
    if (unshare(CLONE_NEWUSER | CLONE_NEWTIME) != 0) {
        return kNoNamespaces;
    }
    int file = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
    const char* offset = "boottime 3600 0";
    if (file < 0 || write(file, offset, std::strlen(offset)) < 0) {
        return kNoNamespaces;
    }
    close(file);
    pid_t child = fork();
    if (child == 0) {
        auto slept = runtime::bootClock().steady() - base::systemClock().steady();
        std::_Exit(slept >= 3500s ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

TEST(BootClock, CountsTheTimeThatTheMachineSlept) {
    pid_t child = fork();
    if (child == 0) {
        std::_Exit(afterAnHourOfSleep());
    }
    int status = 1;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == kNoNamespaces) {
        GTEST_SKIP() << "no time namespaces here";
    }
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
