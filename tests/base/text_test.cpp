#include "base/text.h"

#include <gtest/gtest.h>

namespace {

TEST(OneLine, ShowsControlCharactersInsteadOfObeyingThem) {
    EXPECT_EQ(base::oneLine("plain, caf\xc3\xa9 \"quoted\""), "plain, caf\xc3\xa9 \"quoted\"");
    EXPECT_EQ(base::oneLine("a\nb\r\tc"), "a\\nb\\r\\tc");
    EXPECT_EQ(base::oneLine(std::string_view("\x1b[2J\0\x7f", 6)), "\\x1b[2J\\x00\\x7f");
}

}  // namespace
