// The simulation over many seeds, and over planted defects that it has to find.
//
//   simulation_test                                  all shards
//   simulation_test --seed=4711                      one run, with its whole story
//   simulation_test --seed=4711 --defect=SkipsGate   the same with a planted defect
//   SIMULATION_SEEDS=100000 simulation_test --gtest_filter='*Seeds*'   many more
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "base/log.h"
#include "simulation/simulation.h"

namespace {

using simulation::Defect;
using simulation::RunResult;

constexpr uint64_t kShards = 16;
constexpr uint64_t kSeeds = 2048;        // in all shards together
constexpr uint64_t kDefectSeeds = 1000;  // at most, until each planted defect is found

// A defect, and what the checker that is made for it says. Others may meet it as well, or first.
struct Plant {
    Defect defect;
    const char* says;
};

const std::map<std::string, Plant>& defects() {
    static const std::map<std::string, Plant> all{
        {"ForgetsDirty", {Defect::ForgetsDirty, "it never becomes what was asked for"}},
        {"RunsTwice", {Defect::RunsTwice, "two reconciles of"}},
        {"SkipsGate", {Defect::SkipsGate, "from before its own write"}},
        {"Ignores410", {Defect::Ignores410, "it never becomes what was asked for"}},
        {"DeletesWithoutUid", {Defect::DeletesWithoutUid, "a delete of another object"}},
        {"WritesWithoutLease", {Defect::WritesWithoutLease, "a write without the lease"}},
        {"ClockSleeps", {Defect::ClockSleeps, "a write without the lease"}},
        {"ReleasesTooEarly", {Defect::ReleasesTooEarly, "a write without the lease"}},
        {"ForgetsErrors", {Defect::ForgetsErrors, "it never becomes what was asked for"}},
        {"NoPace", {Defect::NoPace, "answers its own echo"}},
        {"AlwaysWrites", {Defect::AlwaysWrites, "it writes"}},
        {"LosesDeletions", {Defect::LosesDeletions, "it never becomes what was asked for"}},
        {"OverlooksStatus", {Defect::OverlooksStatus, "other parents than the server"}},
        {"TellsOldNews", {Defect::TellsOldNews, "was told of"}},
        {"NeverEnds", {Defect::NeverEnds, "does not end when it is asked to"}}};
    return all;
}

uint64_t seedsPerShard() {
    const char* wanted = std::getenv("SIMULATION_SEEDS");
    return (wanted == nullptr ? kSeeds : std::strtoull(wanted, nullptr, 10)) / kShards;
}

std::string again(uint64_t seed, Defect defect = Defect::None) {
    return simulation::simulate({.seed = seed, .defect = defect, .traced = true}).story() +
           "again: simulation_test --seed=" + std::to_string(seed);
}

class Seeds : public testing::TestWithParam<uint64_t> {};

TEST_P(Seeds, Hold) {
    RunResult sum;
    auto perShard = seedsPerShard();
    for (uint64_t i = 0; i < perShard; ++i) {
        auto seed = GetParam() * perShard + i;
        auto result = simulation::simulate({.seed = seed});
        ASSERT_TRUE(result.violations.empty()) << again(seed);
        sum.writes += result.writes;
        sum.terms += result.terms;
        sum.restarts += result.restarts;
    }
    // A simulation in which nothing happens would hold as well.
    EXPECT_GT(sum.writes, 5 * perShard);
    EXPECT_GT(sum.terms, perShard / 10);
    EXPECT_GT(sum.restarts, perShard / 10);
}

INSTANTIATE_TEST_SUITE_P(Shard, Seeds, testing::Range<uint64_t>(0, kShards));

class Planted : public testing::TestWithParam<std::pair<const std::string, Plant>> {};

TEST_P(Planted, IsFoundByItsChecker) {
    const auto& [defect, says] = GetParam().second;
    for (uint64_t seed = 0; seed < kDefectSeeds; ++seed) {
        auto result = simulation::simulate({.seed = seed, .defect = defect});
        for (const auto& violation : result.violations) {
            if (violation.find(says) != std::string::npos) {
                std::cout << "found by seed " << seed << ": " << violation << "\n";
                return;
            }
        }
    }
    FAIL() << "not found in " << kDefectSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Defects, Planted, testing::ValuesIn(defects()),
                         [](const auto& one) { return one.param.first; });

TEST(Simulation, OneSeedIsOneStory) {
    for (uint64_t seed = 0; seed < 5; ++seed) {
        auto first = simulation::simulate({.seed = seed});
        auto second = simulation::simulate({.seed = seed, .traced = true});
        EXPECT_EQ(first.digest, second.digest);
        EXPECT_FALSE(second.trace.empty());
    }
}

int replay(uint64_t seed, Defect defect) {
    auto result = simulation::simulate({.seed = seed, .defect = defect, .traced = true});
    for (const auto& line : result.trace) {
        std::cout << line << '\n';
    }
    for (const auto& violation : result.violations) {
        std::cout << "VIOLATED: " << violation << '\n';
    }
    std::cout << "seed " << seed << ": " << result.seconds << " s simulated, " << result.writes
              << " writes, " << result.terms << " changes of leader, " << result.restarts
              << " restarts, " << result.violations.size() << " violations\n";
    return result.violations.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    // What the runtime says of the faults is not of interest here, and a lot.
    base::startLogging({.format = base::LogFormat::Text, .level = base::LogLevel::Error});
    testing::InitGoogleTest(&argc, argv);
    std::string seed;
    Defect defect = Defect::None;
    for (int i = 1; i < argc; ++i) {
        std::string argument = argv[i];
        if (argument.starts_with("--seed=")) {
            seed = argument.substr(7);
        } else if (argument.starts_with("--defect=") && defects().contains(argument.substr(9))) {
            defect = defects().at(argument.substr(9)).defect;
        } else {
            std::cerr << "simulation_test: unknown argument \"" << argument
                      << "\": --seed=NUMBER, --defect=NAME or those of GoogleTest\n";
            return 2;
        }
    }
    return seed.empty() ? RUN_ALL_TESTS()
                        : replay(std::strtoull(seed.c_str(), nullptr, 10), defect);
}
