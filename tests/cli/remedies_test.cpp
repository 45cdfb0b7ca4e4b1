#include "cli/remedies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const cli::Where kShopsWeb{.namespace_ = "ns", .app = "shop", .tier = "web"};

TEST(Remedies, NameTheCommandWithWhatItIsAbout) {
    EXPECT_EQ(cli::remedyFor("OOMKilled", kShopsWeb),
              "raise `resources.limits.memory` of the tier, or let the program use less");
    EXPECT_THAT(cli::remedyFor("ZoneLost", kShopsWeb),
                HasSubstr("kubectl scalableapp zone drain shop ZONE -n ns"));
    EXPECT_THAT(cli::remedyFor("CreateContainerError", {.namespace_ = "ns", .app = "shop"}),
                HasSubstr("pods -l scalableapp.dev/app=shop"));
    EXPECT_EQ(cli::remedyFor("RollingOut", kShopsWeb), "") << "nothing is to be done";
}

std::string sourceText(const std::string& file) {
    std::ifstream in(std::string(PROJECT) + "/" + file);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

// The causes that the planner finds: a new one has to say here what a person can do about it.
TEST(Remedies, EveryCauseOfThePlannerHasOne) {
    std::set<std::string> reasons;
    const std::regex cause(R"re((?:reason = |, |\? |: )"([A-Z][A-Za-z]+)")re");
    auto source = sourceText("operator/plan/root_cause.cpp");
    ASSERT_FALSE(source.empty());
    for (std::sregex_iterator at(source.begin(), source.end(), cause), end; at != end; ++at) {
        reasons.insert((*at)[1]);
    }
    // Words of the cluster's own objects, not causes; and the ordinary way of a pod.
    for (const char* other : {"Deployment", "Pod", "Ready", "ReplicaFailure", "PodScheduled",
                              "Starting", "True", "Failed", "Succeeded", "Completed"}) {
        reasons.erase(other);
    }
    EXPECT_GE(reasons.size(), 12U);
    std::vector<std::string> without;
    for (const auto& reason : reasons) {
        if (cli::remedyFor(reason, kShopsWeb).empty()) {
            without.push_back(reason);
        }
    }
    EXPECT_THAT(without, IsEmpty());
}

}  // namespace
