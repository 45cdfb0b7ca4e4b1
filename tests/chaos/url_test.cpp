#include "chaos/probe/url.h"

#include <gtest/gtest.h>

namespace {

using chaos::probe::parseUrl;

TEST(Url, HostPortAndPath) {
    auto url = parseUrl("http://shop.ns.svc:8080/cart?id=1");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "shop.ns.svc");
    EXPECT_EQ(url->port, 8080);
    EXPECT_EQ(url->path, "/cart?id=1");
}

TEST(Url, PortAndPathHaveDefaults) {
    auto url = parseUrl("http://shop");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->port, 80);
    EXPECT_EQ(url->path, "/");
}

class WrongUrl : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(WrongUrl, IsRefusedWithItsTextAndTheReason) {
    auto url = parseUrl(GetParam().first);
    ASSERT_FALSE(url);
    EXPECT_NE(url.error().message.find(GetParam().first), std::string::npos);
    EXPECT_NE(url.error().message.find(GetParam().second), std::string::npos)
        << url.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongUrl,
    testing::Values(std::pair("https://shop/", "no http://"), std::pair("shop", "no http://"),
                    std::pair("http://", "no host"), std::pair("http://:80/", "no host"),
                    std::pair("http://shop:0/", "no port"),
                    std::pair("http://shop:65536/", "no port"),
                    std::pair("http://shop:8x/", "no port"), std::pair("http://sh op/", "a blank"),
                    std::pair("http://shop/\r\nX: y", "a blank")));

}  // namespace
