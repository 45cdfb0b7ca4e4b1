#include "chaos/probe/recorder.h"

#include <gtest/gtest.h>

namespace {

using namespace chaos::probe;
using namespace std::chrono_literals;

class RecorderTest : public testing::Test {
  protected:
    void request(std::chrono::microseconds at, Outcome outcome) {
        recorder.sent(at);
        recorder.finished(at, outcome, 5ms);
    }
    std::vector<Second> written;
    Recorder recorder{[this](const Second& second) { written.push_back(second); }};
    base::WallTime wall{1s};
};

TEST_F(RecorderTest, ASecondIsWrittenOnlyWhenItWaitsForNothing) {
    recorder.sent(100ms);
    request(200ms, Outcome::Ok);
    request(1200ms, Outcome::Ok);
    recorder.flush(2s, wall);
    EXPECT_TRUE(written.empty()) << "an answer is still out, and order matters more than haste";
    recorder.finished(100ms, Outcome::Timeout, 2s);
    recorder.flush(2500ms, wall);
    ASSERT_EQ(written.size(), 2U);
    EXPECT_EQ(written[0].sent, 2);
    EXPECT_EQ(written[0].ok(), 1);
    EXPECT_EQ(written[0].outcomes[static_cast<size_t>(Outcome::Timeout)], 1);
    EXPECT_EQ(written[1].second, 1);
}

TEST_F(RecorderTest, ARequestBelongsToTheSecondItWasDueIn) {
    recorder.sent(999'999us);
    recorder.finished(999'999us, Outcome::Ok, 3s);  // answered in another second
    recorder.flush(5s, wall);
    ASSERT_EQ(written.size(), 5U);
    EXPECT_EQ(written[0].ok(), 1);
    EXPECT_GE(written[0].latency.quantile(1), 3s);
    EXPECT_EQ(written[3].sent, 0) << "a silent second is written too: absence is not health";
}

TEST_F(RecorderTest, ErrorsAreSpannedToTheMillisecond) {
    request(10ms, Outcome::Ok);
    request(340ms, Outcome::Broken);
    request(120ms, Outcome::Connect);
    request(900ms, Outcome::Ok);
    recorder.flush(1s, wall);
    ASSERT_EQ(written.size(), 1U);
    EXPECT_EQ(written[0].firstErrorMs, 120);
    EXPECT_EQ(written[0].lastErrorMs, 340);
    EXPECT_EQ(written[0].failed(), 2);
}

TEST_F(RecorderTest, TheGapBetweenGoodAnswersCrossesSeconds) {
    request(0ms, Outcome::Ok);
    request(700ms, Outcome::Ok);
    request(1300ms, Outcome::Connect);
    request(2300ms, Outcome::Connect);
    request(3200ms, Outcome::Ok);
    request(3900ms, Outcome::Ok);
    recorder.flush(4s, wall);
    ASSERT_EQ(written.size(), 4U);
    EXPECT_EQ(written[0].gapMs, 700);
    EXPECT_EQ(written[1].gapMs, 1300) << "not over yet: as long as it got";
    EXPECT_EQ(written[2].gapMs, 2300);
    EXPECT_EQ(written[3].gapMs, 2500);
}

TEST_F(RecorderTest, ALateBeginningIsToldOfEverySecondThatItMayHaveSpoiled) {
    request(100ms, Outcome::Ok);
    recorder.flush(1s, wall);
    recorder.sent(1900ms);  // its answer comes while nobody looks
    recorder.late(3s);
    recorder.finished(1900ms, Outcome::Timeout, 3s);
    recorder.sent(2100ms, 2800ms);
    recorder.finished(2100ms, Outcome::Timeout, 2800ms);
    request(3100ms, Outcome::Ok);
    recorder.flush(4s, wall);
    ASSERT_EQ(written.size(), 4U);
    EXPECT_FALSE(written[0].blind()) << "it was written before";
    EXPECT_EQ(written[1].lateMs, 3000);
    EXPECT_EQ(written[2].lateMs, 2800);
    EXPECT_TRUE(written[1].blind() && written[2].blind());
    EXPECT_FALSE(written[3].blind());
}

TEST_F(RecorderTest, FinishWritesTheLastShortSecondAndNothingAfterIt) {
    request(100ms, Outcome::Ok);
    request(1400ms, Outcome::Ok);
    recorder.finish(wall);
    ASSERT_EQ(written.size(), 2U);
    EXPECT_EQ(written[1].sent, 1);
    recorder.finish(wall);
    EXPECT_EQ(written.size(), 2U);
}

}  // namespace
