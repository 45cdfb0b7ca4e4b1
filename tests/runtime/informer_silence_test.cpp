// A connection that leads nowhere says nothing, not even that it is broken: it is given up in time,
// and a watch that is only quiet is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

#include "runtime/informer_core.h"
#include "runtime/metrics.h"
#include "runtime/objects.h"
#include "support/fake_clock.h"

namespace {

using namespace std::chrono_literals;
using test::kPods;
using testing::HasSubstr;

std::string bookmark(const std::string& version, bool endsInitial = false) {
    base::Json object{
        {"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"resourceVersion", version}}}};
    if (endsInitial) {
        object["metadata"]["annotations"] = {{"k8s.io/initial-events-end", "true"}};
    }
    return base::Json{{"type", "BOOKMARK"}, {"object", object}}.dump();
}

std::string added(const std::string& name, const std::string& version) {
    return base::Json{{"type", "ADDED"}, {"object", test::pod(name, version)}}.dump();
}

// A server whose watches say what the test says, and do not end by themselves. Lists are empty.
class Telephone final : public kube::Transport {
  public:
    kube::ApiResult<kube::HttpResponse> send(const kube::HttpRequest& request,
                                             std::stop_token) override {
        const std::lock_guard lock(mutex_);
        asked_.push_back(request.target);
        return kube::HttpResponse{.status = 200,
                                  .body = R"({"metadata":{"resourceVersion":"50"},"items":[]})"};
    }
    kube::ApiResult<void> stream(const kube::HttpRequest& request, const LineHandler& onLine,
                                 std::stop_token stop) override {
        std::unique_lock lock(mutex_);
        asked_.push_back(request.target);
        open_ = true;
        changed_.notify_all();
        while (changed_.wait(lock, stop, [&] { return line_.has_value(); })) {
            onLine(*line_);
            line_.reset();
            changed_.notify_all();
        }
        open_ = false;
        return {};
    }

    // Returns when the line has been dealt with.
    void say(const std::string& line) {
        std::unique_lock lock(mutex_);
        line_ = line;
        changed_.notify_all();
        changed_.wait(lock, [&] { return !line_; });
    }
    void awaitCall() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return open_; });
    }
    std::string lastAsked() {
        const std::lock_guard lock(mutex_);
        return asked_.back();
    }

  private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::optional<std::string> line_;
    std::vector<std::string> asked_;
    bool open_ = false;
};

// Rings when the test says so; pauses take no time.
class HandTimer final : public runtime::Timer {
  public:
    explicit HandTimer(const base::Clock& clock) : clock_(clock) {}
    Bell at(base::SteadyTime time, std::function<void()> ring) override {
        const std::lock_guard lock(mutex_);
        ++made;
        auto bell = bells_.emplace(time, std::move(ring));
        return {this, [this, bell](void*) {
                    const std::lock_guard end(mutex_);
                    bells_.erase(bell);
                }};
    }
    Bell every(std::chrono::milliseconds interval, std::function<void()> ring) override {
        const std::lock_guard lock(mutex_);
        reminds = interval;
        reminder_ = std::move(ring);
        return {this, [this](void*) {
                    const std::lock_guard end(mutex_);
                    reminder_ = nullptr;
                }};
    }
    void sleep(std::chrono::milliseconds, const std::stop_token&) override {}
    // False: nobody wants to be reminded.
    bool remind() {
        const std::lock_guard lock(mutex_);
        if (reminder_) {
            reminder_();
        }
        return reminder_ != nullptr;
    }
    // Those that are due; true: there were any.
    bool ring() {
        const std::lock_guard lock(mutex_);
        auto end = bells_.upper_bound(clock_.steady());
        bool any = end != bells_.begin();
        for (auto it = bells_.begin(); it != end; ++it) {
            it->second();
        }
        return any;
    }
    std::atomic<int> made{0};
    std::chrono::milliseconds reminds{};

  private:
    const base::Clock& clock_;
    std::mutex mutex_;
    std::multimap<base::SteadyTime, std::function<void()>> bells_;
    std::function<void()> reminder_;
};

class InformerSilenceTest : public testing::Test {
  protected:
    void SetUp() override {
        core.step({});  // decides on the first request
    }
    void TearDown() override {
        end.request_stop();
        if (running.valid()) {
            running.wait();
        }
    }
    void watch() {
        running = std::async(std::launch::async, [this] { core.step(end.get_token()); });
        line->awaitCall();
    }
    // The next watch after one that was given up, and the pause between them.
    void watchAgain() {
        running.wait();
        core.step({});
        watch();
    }
    void list(const std::string& version = "10") { line->say(bookmark(version, true)); }
    // Nothing is heard for so long; true: the watch is given up then.
    bool silence(std::chrono::milliseconds time) {
        clock.advance(time);
        return timer.ring();
    }

    test::FakeClock clock;
    HandTimer timer{clock};
    std::shared_ptr<Telephone> line = std::make_shared<Telephone>();
    kube::Client client{line, {}};
    runtime::Metrics metrics;
    runtime::InformerCore core{client, {.type = kPods}, clock, timer, metrics, [] { return 0.0; }};
    std::stop_source end;
    std::future<void> running;
};

TEST_F(InformerSilenceTest, AStreamedListThatStaysSilentGivesWayToAList) {
    watch();
    EXPECT_FALSE(silence(29s));
    ASSERT_TRUE(silence(1s));
    running.wait();
    core.step({});
    EXPECT_TRUE(core.store().synced());
    EXPECT_EQ(core.store().resourceVersion(), "50");
}

TEST_F(InformerSilenceTest, AStreamedListThatFallsSilentHalfWayGivesWayToAList) {
    watch();
    clock.advance(20s);
    line->say(added("a", "3"));
    EXPECT_FALSE(silence(29s));
    ASSERT_TRUE(silence(1s));
    running.wait();
    core.step({});
    EXPECT_EQ(core.store().resourceVersion(), "50");
}

// By time alone: no line comes.
TEST_F(InformerSilenceTest, AStreamedListThatIsNotCompleteIsSaidEachTenSeconds) {
    watch();
    line->say(added("a", "3"));
    testing::internal::CaptureStderr();
    EXPECT_TRUE(timer.remind());
    EXPECT_TRUE(timer.remind());
    auto log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(timer.reminds, 10s);
    EXPECT_THAT(log,
                testing::ContainsRegex("not complete: 1 objects.*\n.*not complete: 1 objects"));
    list();
    EXPECT_FALSE(timer.remind()) << "the list is complete";
}

TEST_F(InformerSilenceTest, AQuietWatchMayLastUntilTheServerIsToEndIt) {
    watch();
    list();
    EXPECT_FALSE(silence(299s));
    ASSERT_TRUE(silence(1s));
    watchAgain();
    EXPECT_THAT(line->lastAsked(), HasSubstr("resourceVersion=10"));
    EXPECT_THAT(metrics.text(),
                HasSubstr("informer_failures_total{kind=\"unreachable\",resource=\"pods\"} 1"));
}

// Its last lines may come late, and are no reason to break off.
TEST_F(InformerSilenceTest, AWatchThatSpeaksIsNotBrokenOffAtItsEnd) {
    watch();
    list();
    clock.advance(295s);
    line->say(added("a", "11"));
    EXPECT_FALSE(silence(9s));
    EXPECT_TRUE(silence(1s));
}

TEST_F(InformerSilenceTest, WhereBookmarksComeTheirAbsenceIsNoticed) {
    watch();
    list();
    for (const char* version : {"11", "12"}) {
        clock.advance(1min);
        line->say(bookmark(version));
    }
    EXPECT_FALSE(silence(179s));
    ASSERT_TRUE(silence(1s));
    watchAgain();
    EXPECT_THAT(line->lastAsked(), HasSubstr("resourceVersion=12"));
    // Known from the watch before.
    line->say(bookmark("13"));
    EXPECT_FALSE(silence(179s));
    EXPECT_TRUE(silence(1s));
}

TEST_F(InformerSilenceTest, OneBookmarkIsNoPromise) {
    watch();
    list();
    line->say(bookmark("11"));
    EXPECT_FALSE(silence(181s));
    EXPECT_FALSE(silence(118s));
    EXPECT_TRUE(silence(1s));
}

TEST_F(InformerSilenceTest, ABookmarkThatCeasedIsNotWaitedForAgain) {
    watch();
    list();
    line->say(bookmark("11"));
    line->say(bookmark("12"));
    ASSERT_TRUE(silence(3min));
    watchAgain();
    ASSERT_TRUE(silence(3min)) << "it was known to send them";
    watchAgain();
    EXPECT_FALSE(silence(299s)) << "and seems to have stopped that";
    EXPECT_TRUE(silence(1s));
}

TEST_F(InformerSilenceTest, LinesThatComeFastDoNotEachSetTheBell) {
    watch();
    list();
    line->say(bookmark("11"));
    line->say(bookmark("12"));
    int before = timer.made;
    for (int i = 20; i < 120; ++i) {
        clock.advance(50ms);
        line->say(added("a", std::to_string(i)));
    }
    EXPECT_LE(timer.made - before, 6);
    EXPECT_FALSE(silence(178s));
}

}  // namespace
