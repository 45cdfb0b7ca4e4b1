// The command that switches nodes: its word counts, it is ended in time, and a node is switched by
// one at a time.
#include "chaos/power.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using chaos::PowerCommand;

class PowerCommandTest : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_ = testing::TempDir() + "power-XXXXXX";
        ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string script(const std::string& body) const {
        auto path = folder_ + "/switch";
        std::ofstream(path) << "#!/bin/sh\ncd " << folder_ << " || exit 9\n" << body << "\n";
        chmod(path.c_str(), 0755);
        return path;
    }
    std::string content(const std::string& name) const {
        std::ifstream in(folder_ + "/" + name);
        std::stringstream out;
        out << in.rdbuf();
        return out.str();
    }

    std::string folder_;
};

TEST_F(PowerCommandTest, IsCalledWithItsWordsAndTheNode) {
    PowerCommand power(script("echo \"$*\" >>said") + " node", 60s);
    EXPECT_TRUE(power.set("kn1", false, {}));
    EXPECT_TRUE(power.set("kn1", true, {}));
    PowerCommand cable(folder_ + "/switch node", 60s, {.on = "heal", .off = "cut"});
    EXPECT_TRUE(cable.set("kn2", false, {}));
    EXPECT_EQ(content("said"), "node off kn1\nnode on kn1\nnode cut kn2\n");
}

TEST_F(PowerCommandTest, WhatItSaysWhenItFailsIsTheError) {
    PowerCommand power(script("echo no such machine; exit 3"), 60s);
    auto done = power.set("kn1", false, {});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, folder_ + "/switch off kn1 failed: no such machine");
    auto missing = PowerCommand(folder_ + "/none", 60s).set("kn1", false, {});
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("none"), std::string::npos);
    EXPECT_FALSE(PowerCommand("", 60s).set("kn1", false, {}));
}

TEST_F(PowerCommandTest, IsEndedWithAllThatItStartedWhenItsTimeIsOver) {
    PowerCommand power(script("sleep 600 & sleep 600"), 1s);
    auto done = power.set("kn1", false, {});
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message.find("did not end in time"), std::string::npos);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_FALSE(PowerCommand(folder_ + "/switch", 600s).set("kn1", false, stop.get_token()));
}

TEST_F(PowerCommandTest, ANodeIsSwitchedByOneAtATime) {
    PowerCommand power(script("mkdir \"$2\" || exit 1; sleep 0.3; rmdir \"$2\""), 60s);
    std::vector<std::future<base::Status>> all;
    for (int i = 0; i < 4; ++i) {
        all.push_back(std::async(std::launch::async,
                                 [&] { return power.set("kn1", true, std::stop_token()); }));
    }
    for (auto& one : all) {
        auto done = one.get();
        EXPECT_TRUE(done) << done.error().message;
    }
}

// One that hangs on one node keeps nobody from the others: "kn1" waits for "kn2" here.
TEST_F(PowerCommandTest, OtherNodesDoNotWait) {
    PowerCommand power(
        script("[ \"$2\" = kn2 ] && { : >went; exit 0; }; until [ -e went ]; do sleep 0.05; done"),
        60s);
    auto first =
        std::async(std::launch::async, [&] { return power.set("kn1", true, std::stop_token()); });
    EXPECT_TRUE(power.set("kn2", true, {}));
    EXPECT_TRUE(first.get());
}

}  // namespace
