#include <gtest/gtest.h>

#include <ctime>

#include "shop/burn.h"
#include "shop/routes.h"

namespace {

shop::Response get(const shop::Options& options, std::string_view path, std::string_view query) {
    for (const shop::Route& route : shop::routes(options, "pod-1")) {
        if (route.path == path) {
            return route.answer({.path = path, .query = query});
        }
    }
    ADD_FAILURE() << "no route " << path;
    return {};
}

TEST(ShopRoutes, TheFrontPageNamesPodZoneAndVersion) {
    const shop::Options options{.zone = "z2", .version = "7"};
    const auto page = get(options, "/", "");
    EXPECT_EQ(page.type, "application/json");
    EXPECT_EQ(page.body, "{\"hostname\":\"pod-1\",\"zone\":\"z2\",\"version\":\"7\"}\n");
}

TEST(ShopRoutes, WhatAnEdgeMayKeepNamesTheVersion) {
    const shop::Options options{.zone = "", .version = "7"};
    EXPECT_EQ(get(options, "/static/version", "").body, get(options, "/", "").body);
}

TEST(ShopRoutes, AnUnknownZoneIsLeftOut) {
    const shop::Options options{.zone = "", .version = "7"};
    EXPECT_EQ(get(options, "/", "").body, "{\"hostname\":\"pod-1\",\"version\":\"7\"}\n");
}

TEST(ShopRoutes, TextFromTheEnvironmentStaysValidJson) {
    const shop::Options options{.zone = "a\"b\\c\n", .version = "7"};
    EXPECT_NE(get(options, "/", "").body.find(R"("zone":"a\"b\\c")"), std::string::npos);
}

TEST(ShopRoutes, BurnTakesItsMillisecondsAmongOtherParameters) {
    EXPECT_EQ(get({}, "/burn", "ms=1").body, "burned 1 ms\n");
    EXPECT_EQ(get({}, "/burn", "x=5&ms=2&y").body, "burned 2 ms\n");
    EXPECT_EQ(get({}, "/burn", "").body, "burned 100 ms\n");
}

TEST(ShopRoutes, BurnRefusesWhatIsNoNumberOrTooLong) {
    for (const char* query : {"ms=", "ms=ten", "ms=5x", "ms=-1", "ms=10001", "ms"}) {
        const auto page = get({}, "/burn", query);
        EXPECT_EQ(page.status, 400U) << query;
        EXPECT_NE(page.body.find("from 0 to 10000"), std::string::npos) << page.body;
    }
}

TEST(ShopRoutes, OnlyBurnIsSlow) {
    for (const shop::Route& route : shop::routes({}, "pod-1")) {
        EXPECT_EQ(route.slow, route.path == "/burn") << route.path;
    }
}

TEST(ShopBurn, UsesTheProcessorForThatLong) {
    const auto used = [] {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return time.tv_sec * 1000 + time.tv_nsec / 1000000;
    };
    const auto before = used();
    shop::burn(std::chrono::milliseconds(50));
    EXPECT_GE(used() - before, 49);
}

}  // namespace
