#include "api/condition.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace {

using namespace std::chrono_literals;

const base::WallTime kStart = base::WallTime(1'800'000'000s);

api::Condition ready(const char* status, const char* reason = "R") {
    return {.type = "Ready",
            .status = status,
            .reason = reason,
            .message = "m",
            .observedGeneration = 3,
            .lastTransitionTime = ""};
}

TEST(Condition, TransitionTimeMovesOnlyWithTheStatus) {
    api::Conditions conditions;
    api::setCondition(conditions, ready("False"), kStart);
    auto first = conditions[0].lastTransitionTime;
    EXPECT_EQ(first, base::formatTime(kStart));
    api::setCondition(conditions, ready("False", "Other"), kStart + 5s);
    ASSERT_EQ(conditions.size(), 1U);
    EXPECT_EQ(conditions[0].reason, "Other");
    EXPECT_EQ(conditions[0].lastTransitionTime, first);
    api::setCondition(conditions, ready("True"), kStart + 9s);
    EXPECT_EQ(conditions[0].lastTransitionTime, base::formatTime(kStart + 9s));
}

TEST(Condition, GoesAndIsGone) {
    api::Conditions conditions;
    api::setCondition(conditions, ready("True"), kStart);
    EXPECT_NE(api::findCondition(conditions, "Ready"), nullptr);
    EXPECT_EQ(api::findCondition(conditions, "Stalled"), nullptr);
    api::removeCondition(conditions, "Ready");
    EXPECT_TRUE(conditions.empty());
}

TEST(Condition, JsonAndBack) {
    api::Conditions conditions;
    api::setCondition(conditions, ready("Unknown"), kStart);
    EXPECT_EQ(api::parseConditions(api::toJson(conditions)), conditions);
    EXPECT_TRUE(api::parseConditions(base::Json("none")).empty());
}

}  // namespace
