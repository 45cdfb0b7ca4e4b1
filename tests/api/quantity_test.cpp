#include "api/quantity.h"

#include <gtest/gtest.h>

namespace {

TEST(Quantity, SameValueInOtherWords) {
    for (const auto& [a, b] : {std::pair{"1000m", "1"},
                               {"1", "1.0"},
                               {"0.1", "100m"},
                               {"1Gi", "1024Mi"},
                               {"1.5Gi", "1536Mi"},
                               {"1000M", "1G"},
                               {"1k", "1000"},
                               {"1000000000n", "1"},
                               {"1000u", "1m"},
                               {"0", "0Mi"}}) {
        EXPECT_TRUE(api::sameQuantity(a, b)) << a << " " << b;
    }
}

TEST(Quantity, OrderIsThatOfTheValues) {
    EXPECT_EQ(api::compareQuantities("1000M", "1Gi"), -1);
    EXPECT_EQ(api::compareQuantities("1Gi", "1000M"), 1);
    EXPECT_EQ(api::compareQuantities("999m", "1"), -1);
    EXPECT_EQ(api::compareQuantities("8Ei", "1E"), 1);
    EXPECT_FALSE(api::sameQuantity("1", "1m"));
}

TEST(Quantity, NonsenseIsNone) {
    for (const char* text : {"", "m", "1.", ".5", "-1", "1 Gi", "1gi", "1e3", "lots",
                             "99999999999999999999999999999999", "9999999999999999999999E"}) {
        EXPECT_FALSE(api::parseQuantity(text)) << text;
    }
    EXPECT_TRUE(api::sameQuantity("lots", "lots"));
    EXPECT_FALSE(api::sameQuantity("lots", "1"));
}

}  // namespace
