#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace {

base::Result<int> parse(bool good) {
    if (!good) {
        return base::fail("no number");
    }
    return 7;
}

TEST(Result, HoldsAValueOrAnError) {
    auto good = parse(true);
    ASSERT_TRUE(good.ok());
    EXPECT_EQ(*good, 7);
    EXPECT_EQ(good.valueOr(1), 7);
    auto bad = parse(false);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().message, "no number");
    EXPECT_EQ(bad.valueOr(1), 1);
}

TEST(Result, OfAnErrorTypeThatIsItselfAValueTypeIsNotConfused) {
    base::Result<std::string, std::string> bad = base::failWith(std::string("e"));
    EXPECT_FALSE(bad.ok());
    base::Result<std::string, std::string> good = std::string("v");
    EXPECT_TRUE(good.ok());
}

TEST(Result, MovesWhatCannotBeCopied) {
    base::Result<std::unique_ptr<int>> made = std::make_unique<int>(3);
    std::unique_ptr<int> taken = std::move(made).value();
    EXPECT_EQ(*taken, 3);
}

TEST(Result, AskingForWhatIsNotThereThrows) {
    EXPECT_THROW(parse(false).value(), std::bad_variant_access);
    EXPECT_THROW(static_cast<void>(parse(true).error()), std::bad_variant_access);
}

TEST(Status, IsGoodByItself) {
    base::Status good;
    EXPECT_TRUE(good.ok());
    base::Status bad = base::fail("why");
    ASSERT_FALSE(bad.ok());
    EXPECT_EQ(bad.error().message, "why");
}

}  // namespace
