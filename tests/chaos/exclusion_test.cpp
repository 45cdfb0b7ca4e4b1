#include "chaos/run/exclusion.h"

#include <gtest/gtest.h>

namespace {

using chaos::run::Contender;
using chaos::run::goesFirst;
using chaos::run::Phase;

Contender run(const std::string& name, const std::string& created, Phase phase,
              const std::string& app = "shop") {
    return {.name = name, .app = app, .createdAt = created, .phase = phase, .deleting = false};
}

TEST(Exclusion, TheOlderOfTwoPendingGoesFirst) {
    auto old = run("b", "2026-01-01T00:00:00Z", Phase::Pending);
    auto young = run("a", "2026-01-01T00:00:01Z", Phase::Pending);
    EXPECT_EQ(goesFirst(young, {old, young}), "b");
    EXPECT_EQ(goesFirst(old, {old, young}), "");
}

TEST(Exclusion, TheNameDecidesWhatTheClockCannot) {
    auto a = run("a", "2026-01-01T00:00:00Z", Phase::Pending);
    auto b = run("b", "2026-01-01T00:00:00Z", Phase::Pending);
    EXPECT_EQ(goesFirst(b, {a, b}), "a");
    EXPECT_EQ(goesFirst(a, {a, b}), "");
}

TEST(Exclusion, WhoHasGoneFurtherGoesFirstHoweverYoung) {
    auto self = run("a", "2026-01-01T00:00:00Z", Phase::Pending);
    for (auto phase : {Phase::Predicting, Phase::SteadyState, Phase::Injecting, Phase::Observing,
                       Phase::Reverting, Phase::Verifying}) {
        auto other = run("b", "2026-01-01T00:09:00Z", phase);
        EXPECT_EQ(goesFirst(self, {other}), "b");
        EXPECT_EQ(goesFirst(other, {self}), "");
    }
}

TEST(Exclusion, FinishedDeletedAndForeignRunsAreInNobodysWay) {
    auto self = run("z", "2026-01-01T00:09:00Z", Phase::Pending);
    auto deleted = run("d", "2026-01-01T00:00:00Z", Phase::Observing);
    deleted.deleting = true;
    EXPECT_EQ(goesFirst(self, {run("a", "2026-01-01T00:00:00Z", Phase::Done), deleted,
                               run("c", "2026-01-01T00:00:00Z", Phase::Observing, "other")}),
              "");
}

TEST(Exclusion, NeverTwoAtOnceWhateverTheyAre) {
    std::vector<Contender> all;
    for (int phase = 0; phase <= static_cast<int>(Phase::Verifying); ++phase) {
        for (const char* name : {"a", "b"}) {
            all.push_back(run(name + std::to_string(phase), phase % 2 == 0 ? "1" : "2",
                              static_cast<Phase>(phase)));
        }
    }
    for (const auto& one : all) {
        for (const auto& two : all) {
            bool bothGo = one.name != two.name && goesFirst(one, {two}).empty() &&
                          goesFirst(two, {one}).empty();
            EXPECT_FALSE(bothGo) << one.name << " " << two.name;
        }
    }
}

}  // namespace
