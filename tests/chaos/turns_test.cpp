#include "chaos/probe/turns.h"

#include <gtest/gtest.h>

namespace {

using chaos::probe::Turns;

TEST(Turns, EachIsFirstInItsTurnAndNobodyIsLeftOut) {
    Turns<int> turns;
    EXPECT_TRUE(turns.empty());
    turns.set({1, 2, 3});
    EXPECT_EQ(turns.next(), (std::vector{1, 2, 3}));
    EXPECT_EQ(turns.next(), (std::vector{2, 3, 1}));
    EXPECT_EQ(turns.next(), (std::vector{3, 1, 2}));
    // Fewer than the turns that were taken.
    turns.set({7, 8});
    EXPECT_EQ(turns.next(), (std::vector{8, 7}));
}

}  // namespace
