// Times in tests, as people write them.
//
//   EXPECT_EQ(decided.due, at("2026-03-02T11:00:00Z"));
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/clock.h"

namespace chaos_test {

inline base::WallTime at(const std::string& text) {
    base::WallTime out;
    EXPECT_TRUE(base::parseTime(text, out)) << text;
    return out;
}

}  // namespace chaos_test
