#include "kube/interned.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

#include "kube/labels.h"

namespace {

using kube::Interned;
using kube::Labels;

TEST(Interned, EqualTextsAreOne) {
    const size_t before = Interned::count();
    {
        Interned a("interned-test");
        Interned b(std::string("interned-") + "test");
        EXPECT_EQ(Interned::count(), before + 1);
        EXPECT_EQ(a.address(), b.address());
        EXPECT_EQ(a, b);
        EXPECT_EQ(a, "interned-test");
        EXPECT_NE(a, Interned("interned-other"));
        EXPECT_EQ("x/" + a, "x/interned-test");
        EXPECT_EQ(a + "/x", "interned-test/x");
        const std::string& text = a;
        EXPECT_EQ(text, "interned-test");
    }
    EXPECT_EQ(Interned::count(), before) << "what nobody holds is gone";
}

TEST(Interned, TheEmptyOneIsThere) {
    const size_t before = Interned::count();
    Interned none;
    EXPECT_TRUE(none.empty());
    EXPECT_EQ(none.str(), "");
    EXPECT_EQ(none, Interned(""));
    EXPECT_EQ(Interned::count(), before);
}

TEST(Interned, OutlivesCopiesAndMoves) {
    std::optional<Interned> first("interned-moved");
    Interned copy = *first;
    Interned moved = std::move(*first);
    first.reset();
    EXPECT_EQ(copy, moved);
    copy = Interned("interned-new");
    EXPECT_EQ(moved, "interned-moved");
    moved = moved;  // NOLINT: of all things, this must not lose it
    EXPECT_EQ(moved.str(), "interned-moved");
}

// The last holder and the next one meet: nobody may find what is just being taken away.
TEST(Interned, ManyThreadsHoldAndLetGo) {
    const size_t before = Interned::count();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([] {
            for (int i = 0; i < 5000; ++i) {
                Interned a("interned-raced-" + std::to_string(i % 3));
                Interned b = a;
                a = Interned();
                EXPECT_EQ(b.str().back(), static_cast<char>('0' + i % 3));
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(Interned::count(), before);
}

TEST(Labels, AreFoundInWhateverOrderTheyCame) {
    Labels labels;
    labels.set("tier", "web");
    labels.set("app", "shop");
    labels.set("tier", "db");
    EXPECT_EQ(labels.size(), 2U);
    EXPECT_EQ(labels.at("tier"), "db");
    EXPECT_EQ(labels.find("app")->second, "shop");
    EXPECT_EQ(labels.find("ap"), labels.end());
    EXPECT_FALSE(labels.contains("zone"));
    EXPECT_THROW(labels.at("zone"), std::out_of_range);
    EXPECT_EQ(labels, (Labels{{"app", "shop"}, {"tier", "db"}}));
    EXPECT_FALSE(labels == (Labels{{"app", "shop"}}));
}

}  // namespace
