// A purge is a token in the spec, and is over when the operator says so of that spec.
#include "cli/purge_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace {

using base::Json;
using testing::HasSubstr;

Json app(int64_t seen, const std::string& status, const std::string& reason) {
    return {{"metadata", {{"name", "shop"}}},
            {"spec", {{"cdn", {{"paths", Json::array()}}}}},
            {"status",
             {{"observedGeneration", seen},
              {"cdn", {{"epoch", "a-b"}, {"edgesOnEpoch", "1/2"}}},
              {"conditions", Json::array({{{"type", "CDNReady"},
                                           {"status", status},
                                           {"reason", reason},
                                           {"message", "cdn: why"}}})}}}};
}

TEST(Purge, SetsTheToken) {
    auto patch = cli::purgePatch(app(1, "True", "Serving"), "t");
    ASSERT_TRUE(patch);
    EXPECT_EQ((*patch)["spec"]["cdn"]["purgeToken"], "t");
}

TEST(Purge, RefusesWhatNobodyWouldCarryOut) {
    auto none = app(1, "True", "Serving");
    none["spec"].erase("cdn");
    EXPECT_THAT(cli::purgePatch(none, "t").error().message, HasSubstr("has no `cdn`"));
    auto paused = app(1, "True", "Serving");
    paused["spec"]["management"] = "Observe";
    EXPECT_THAT(cli::purgePatch(paused, "t").error().message, HasSubstr("resume it first"));
}

TEST(Purge, IsOverWhenTheSpecThatHasTheTokenIsReady) {
    EXPECT_FALSE(cli::purgeProgress(app(1, "True", "Serving"), 2).done)
        << "that is said of the spec before";
    auto going = cli::purgeProgress(app(2, "False", "Purging"), 2);
    EXPECT_FALSE(going.done);
    EXPECT_EQ(going.text, "1/2 edges on epoch a-b");
    EXPECT_EQ(cli::purgeProgress(app(2, "False", "WaitingForWeb"), 2).text, "cdn: why");
    EXPECT_TRUE(cli::purgeProgress(app(2, "True", "Serving"), 2).done);
}

}  // namespace
