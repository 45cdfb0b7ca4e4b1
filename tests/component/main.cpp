// The API server of the local cluster lives in a network namespace: this program starts itself anew
// there (`tests/cluster/cluster exec`). With a kubeconfig of your own it stays where it is.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr const char* kInside = "COMPONENT_TEST_INSIDE";

bool onlyListing(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--gtest_list_tests") == 0) {
            return true;
        }
    }
    return false;
}

void enterCluster(const char* cluster, char** argv) {
    std::array<char, 4096> self{};
    if (readlink("/proc/self/exe", self.data(), self.size() - 1) < 0) {
        return;
    }
    setenv(kInside, "1", 1);
    std::vector<char*> args{const_cast<char*>(cluster), const_cast<char*>("exec"),
                            const_cast<char*>("--"), self.data()};
    for (char** arg = argv + 1; *arg != nullptr; ++arg) {
        args.push_back(*arg);
    }
    args.push_back(nullptr);
    execv(cluster, args.data());
    perror(cluster);
}

}  // namespace

int main(int argc, char** argv) {
    const char* cluster = std::getenv("CLUSTER");
    if (cluster != nullptr && *cluster != '\0' && std::getenv(kInside) == nullptr &&
        !onlyListing(argc, argv)) {
        enterCluster(cluster, argv);
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
