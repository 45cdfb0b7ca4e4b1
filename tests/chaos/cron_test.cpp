#include "chaos/schedule/cron.h"
#include "chaos/support/times.h"

#include <gtest/gtest.h>

#include <random>

namespace {

using namespace std::chrono_literals;
using base::WallTime;
using chaos::schedule::Cron;
using chaos::schedule::Zone;
using chaos_test::at;

std::string nextOf(const std::string& line, const std::string& after,
                   const std::string& zone = "UTC") {
    auto cron = Cron::parse(line);
    EXPECT_TRUE(cron) << line;
    auto next = cron->next(at(after), *Zone::named(zone));
    return next ? base::formatTime(*next) : "never";
}

TEST(Cron, TimesOfUsualLines) {
    EXPECT_EQ(nextOf("* * * * *", "2026-01-01T00:00:00Z"), "2026-01-01T00:01:00Z");
    EXPECT_EQ(nextOf("0 11 * * MON-FRI", "2026-01-02T11:00:00Z"), "2026-01-05T11:00:00Z");
    EXPECT_EQ(nextOf("*/15 8-10 * * *", "2026-01-01T10:45:00Z"), "2026-01-02T08:00:00Z");
    EXPECT_EQ(nextOf("5/20 * * * *", "2026-01-01T00:05:00Z"), "2026-01-01T00:25:00Z");
    EXPECT_EQ(nextOf("0 0 29 FEB *", "2026-01-01T00:00:00Z"), "2028-02-29T00:00:00Z");
    EXPECT_EQ(nextOf("@weekly", "2026-01-01T00:00:00Z"), "2026-01-04T00:00:00Z");
    EXPECT_EQ(nextOf("0 0 ? 1,7 ?", "2026-01-31T00:00:00Z"), "2026-07-01T00:00:00Z");
    // Both days restricted: either is enough.
    EXPECT_EQ(nextOf("0 0 13 * FRI", "2026-01-10T00:00:00Z"), "2026-01-13T00:00:00Z");
    EXPECT_EQ(nextOf("0 0 13 * FRI", "2026-01-13T00:00:00Z"), "2026-01-16T00:00:00Z");
}

TEST(Cron, NeverIsToldFromLate) {
    EXPECT_EQ(nextOf("0 0 31 2 *", "2026-01-01T00:00:00Z"), "never");
    EXPECT_EQ(nextOf("0 0 29 2 *", "2096-03-01T00:00:00Z"), "2104-02-29T00:00:00Z");
}

TEST(Cron, AnHourThatIsLeftOutIsLeftOutAndOneThatComesTwiceCountsTwice) {
    // Berlin, 29 March 2026: after 01:59 comes 03:00.
    EXPECT_EQ(nextOf("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin"),
              "2026-03-30T00:30:00Z");
    // 25 October 2026: 02:30 is at 00:30 and at 01:30 UTC.
    EXPECT_EQ(nextOf("30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Berlin"),
              "2026-10-25T00:30:00Z");
    EXPECT_EQ(nextOf("30 2 * * *", "2026-10-25T00:30:00Z", "Europe/Berlin"),
              "2026-10-25T01:30:00Z");
    EXPECT_EQ(nextOf("0 11 * * *", "2026-07-01T00:00:00Z", "Europe/Berlin"),
              "2026-07-01T09:00:00Z");
    // Kathmandu is 5 h 45 min ahead.
    EXPECT_EQ(nextOf("0 0 * * *", "2026-07-01T00:00:00Z", "Asia/Kathmandu"),
              "2026-07-01T18:15:00Z");
}

TEST(Zones, UnknownOnesAreNamed) {
    auto zone = Zone::named("Europe/Nowhere");
    ASSERT_FALSE(zone);
    EXPECT_NE(zone.error().message.find("Europe/Nowhere"), std::string::npos);
    EXPECT_FALSE(Zone::named("Local"));
}

TEST(Cron, WhatIsWrongIsNamed) {
    for (const char* line : {"",
                             "* * * *",
                             "* * * * * *",
                             "60 * * * *",
                             "* 24 * * *",
                             "* * 0 * *",
                             "* * 32 * *",
                             "* * * 13 *",
                             "* * * * 7",
                             "*/0 * * * *",
                             "5-1 * * * *",
                             "a * * * *",
                             "1,,2 * * * *",
                             "-1 * * * *",
                             "1- * * * *",
                             "/5 * * * *",
                             "@every 5m",
                             "@reboot",
                             "TZ=UTC * * * * *",
                             "* * * FOO *",
                             "99999999999999999999 * * * *",
                             "*/99999999999 * * * *",
                             "1/2/3 * * * *"}) {
        auto cron = Cron::parse(line);
        ASSERT_FALSE(cron) << line;
        EXPECT_TRUE(cron.error().message.starts_with("spec.schedule: ")) << line;
    }
}

// Lines made at random, good and bad: parse never crashes, and what it takes it can be asked.
TEST(Cron, SurvivesAnything) {
    std::mt19937 random(20261121);
    const std::string letters = "0123456789*/,-? \tJANMONSUN@hourlyTZ=\xff";
    int taken = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string line;
        auto length = random() % 24;
        for (size_t k = 0; k < length; ++k) {
            line += letters[random() % letters.size()];
        }
        if (i % 3 == 0) {
            line = std::to_string(random() % 70) + " */" + std::to_string(random() % 30) + " * * " +
                   line.substr(0, 2);
        }
        if (auto cron = Cron::parse(line)) {
            ++taken;
            cron->next(at("2026-01-01T00:00:00Z"), Zone::utc());
        }
    }
    EXPECT_GT(taken, 100) << "the corpus holds no good lines";
}

std::string randomField(std::mt19937& random, unsigned least, unsigned most) {
    auto value = [&] { return least + static_cast<unsigned>(random() % (most - least + 1)); };
    switch (random() % 5) {
        case 0:
            return std::to_string(value());
        case 1: {
            auto a = value();
            auto b = value();
            return std::to_string(std::min(a, b)) + "-" + std::to_string(std::max(a, b));
        }
        case 2:
            return "*/" + std::to_string(1 + random() % 20);
        case 3:
            return std::to_string(value()) + "," + std::to_string(value());
        default:
            return "*";
    }
}

// The next time is the first minute that fits, found by trying every one.
TEST(Cron, NextIsTheFirstMinuteThatFits) {
    std::mt19937 random(7);
    for (const char* name : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"}) {
        auto zone = *Zone::named(name);
        for (int i = 0; i < 12; ++i) {
            auto line = randomField(random, 0, 59) + " " + randomField(random, 0, 23) + " " +
                        randomField(random, 1, 31) + " * " + randomField(random, 0, 6);
            auto cron = Cron::parse(line);
            ASSERT_TRUE(cron) << line;
            // Around a change of the clocks, and anywhere.
            auto from = at(i % 2 == 0 ? "2026-03-28T20:00:00Z" : "2026-10-24T20:00:00Z") +
                        std::chrono::minutes(random() % 2000);
            auto next = cron->next(from, zone);
            auto tried = std::chrono::floor<std::chrono::minutes>(from) + 1min;
            auto limit = from + std::chrono::hours(24 * 4);
            while (tried < limit && !cron->fits(tried, zone)) {
                tried += 1min;
            }
            if (tried < limit) {
                ASSERT_TRUE(next) << line;
                EXPECT_EQ(base::formatTime(*next), base::formatTime(tried)) << line << name;
                EXPECT_EQ(cron->latest(from, *next, zone), next) << line;
            } else {
                EXPECT_TRUE(!next || *next >= limit) << line;
            }
        }
    }
}

}  // namespace
