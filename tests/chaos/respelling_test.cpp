#include "chaos/faults/respelling.h"

#include <gtest/gtest.h>

namespace {

using chaos::faults::respelled;

struct Case {
    const char* image;
    const char* id;
    const char* other;  // "": there is none
};

class Respelling : public ::testing::TestWithParam<Case> {};

TEST_P(Respelling, MeansTheSameBytesOrIsRefused) {
    const auto& one = GetParam();
    EXPECT_EQ(respelled(one.image, one.id).value_or(""), one.other);
}

INSTANTIATE_TEST_SUITE_P(
    All, Respelling,
    ::testing::Values(
        // What every client reads as the same: the default registry, with and without its name.
        Case{"shop:1", "sha256:0a", "docker.io/library/shop:1"},
        Case{"shop", "", "docker.io/library/shop"},
        Case{"docker.io/library/shop:1", "sha256:0a", "shop:1"},
        Case{"team/shop:1", "", "docker.io/team/shop:1"},
        Case{"docker.io/team/shop:1", "", "team/shop:1"},
        Case{"shop@sha256:0a", "", "docker.io/library/shop@sha256:0a"},
        // Another registry: pinned to what runs, if its name says so.
        Case{"reg.example/shop:1", "reg.example/shop@sha256:0a", "reg.example/shop:1@sha256:0a"},
        Case{"reg.example:5000/shop:1", "reg.example:5000/shop@sha256:0a",
             "reg.example:5000/shop:1@sha256:0a"},
        Case{"reg.example:5000/shop", "reg.example:5000/shop@sha256:0a",
             "reg.example:5000/shop@sha256:0a"},
        Case{"localhost/shop:1", "localhost/shop@sha256:0a", "localhost/shop:1@sha256:0a"},
        Case{"reg.example/shop:1@sha256:0a", "", "reg.example/shop@sha256:0a"},
        // Nothing that is certain.
        Case{"reg.example/shop:1", "sha256:0a", ""},
        Case{"reg.example/shop:1", "mirror.example/shop@sha256:0a", ""},
        Case{"reg.example/shop@sha256:0a", "reg.example/shop@sha256:0a", ""},
        Case{"docker.io/a.b/c:1", "", ""}, Case{"", "", ""}));

TEST(Respelling, OfTheDefaultRegistryGoesBackAndForth) {
    for (const char* image : {"shop:1", "team/shop:2", "shop"}) {
        auto other = respelled(image, "");
        ASSERT_TRUE(other) << image;
        EXPECT_NE(*other, image);
        EXPECT_EQ(respelled(*other, ""), image);
    }
}

}  // namespace
