#include "cli/remedies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "support/files.h"

namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const cli::Where kShopsWeb{.namespace_ = "ns", .app = "shop", .tier = "web"};

TEST(Remedies, NameTheCommandWithWhatItIsAbout) {
    EXPECT_EQ(cli::remedyFor("OOMKilled", kShopsWeb),
              "raise `web.resources.limits.memory`, or let the program use less");
    EXPECT_THAT(cli::remedyFor("ZoneLost", kShopsWeb),
                HasSubstr("kubectl scalableapp zone drain shop ZONE -n ns"));
    EXPECT_THAT(cli::remedyFor("CreateContainerError", {.namespace_ = "ns", .app = "shop"}),
                HasSubstr("pods -l scalableapp.dev/app=shop"));
    EXPECT_EQ(cli::remedyFor("RollingOut", kShopsWeb), "") << "nothing is to be done";
}

TEST(Remedies, NameTheFieldsOfTheTier) {
    cli::Where edges{.namespace_ = "ns", .app = "shop", .tier = "cdn"};
    EXPECT_THAT(cli::remedyFor("ImagePullBackOff", edges),
                HasSubstr("`cdn.overrides.imagePullSecrets`"));
    EXPECT_THAT(cli::remedyFor("ImagePullBackOff", {.namespace_ = "ns", .app = "shop"}),
                HasSubstr("`overrides.imagePullSecrets`"));
    EXPECT_THAT(cli::remedyFor("NotReady", kShopsWeb), HasSubstr("`web.port`"));
    EXPECT_THAT(cli::remedyFor("NotReady", edges), Not(HasSubstr("web.port")));
}

// By name, without their folder: what is in the planner's files.
std::map<std::string, std::string> plannersFiles() {
    std::map<std::string, std::string> out;
    for (const auto& file :
         std::filesystem::directory_iterator(std::string(PROJECT) + "/operator/plan")) {
        out[file.path().filename()] = support::contentOf(file.path());
    }
    return out;
}

std::vector<std::string> matches(const std::string& text, const char* pattern) {
    const std::regex regex(pattern);
    std::vector<std::string> out;
    for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) {
        out.push_back(at->str(at->size() - 1));
    }
    return out;
}

// Words that stand where a reason is given, by their constants as well.
std::set<std::string> reasonsGiven(const std::map<std::string, std::string>& files) {
    constexpr const char* kWord = R"re("([A-Z][A-Za-z]+)")re";
    std::string all;
    for (const auto& [name, text] : files) {
        all += text;
    }
    std::set<std::string> out;
    for (const auto& given : matches(all, R"re((?:reason = |problemOf\()([^;,]*))re")) {
        for (const auto& word : matches(given, kWord)) {
            out.insert(word);
        }
        for (const auto& constant : matches(given, R"re(\b(k[A-Z]\w+))re")) {
            for (const auto& word : matches(all, (constant + " = " + kWord).c_str())) {
                out.insert(word);
            }
        }
    }
    // There tables have them as well.
    for (const auto& word :
         matches(files.at("root_cause.cpp"), R"re((?:, |\? |: )"([A-Z][A-Za-z]+)")re")) {
        out.insert(word);
    }
    return out;
}

// The causes that the planner finds: a new one has to say here what a person can do about it.
TEST(Remedies, EveryCauseOfThePlannerHasOne) {
    auto reasons = reasonsGiven(plannersFiles());
    // Words of the cluster's own objects, not causes; and the ordinary way of a pod.
    for (const char* other : {"Deployment", "Pod", "Ready", "ReplicaFailure", "PodScheduled",
                              "Starting", "True", "Failed", "Succeeded", "Completed"}) {
        reasons.erase(other);
    }
    // Of conditions and events that tell of nothing to be mended, or with what mends it.
    for (const char* news : {"Serving", "WaitingForPods", "Fresh", "ServingFresh", "ServingStale",
                             "Closed", "CircuitOpened", "CircuitClosed", "Satisfied", "Moving",
                             "ZoneBack", "ResizeRolls", "BalancersSilent", "NotExpressible"}) {
        EXPECT_EQ(reasons.erase(news), 1U) << news << " is given no longer";
    }
    for (const char* found : {"NotReady", "PathShadowed", "ZoneLost", "OriginFails", "Open"}) {
        EXPECT_TRUE(reasons.contains(found)) << found << " was not found in the sources";
    }
    std::vector<std::string> without;
    for (const auto& reason : reasons) {
        if (cli::remedyFor(reason, kShopsWeb).empty()) {
            without.push_back(reason);
        }
    }
    EXPECT_THAT(without, IsEmpty());
}

}  // namespace
