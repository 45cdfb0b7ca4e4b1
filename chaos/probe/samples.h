// What a probe says about the service, second by second, and how it is written: JSON lines on the
// probe's standard output, read back through the pod's log.
//
//   {"probe":1,"startedAt":"2026-01-31T12:00:00.000000Z","target":"http://shop.ns.svc/",
//    "requestsPerSecond":100,"timeoutMilliseconds":2000}
//   {"second":0,"at":"...","sent":100,"ok":98,"errors":{"Connect":2},"firstErrorMs":120,
//    "lastErrorMs":140,"gapMs":30,"gapEndMs":150,"latency":[[120,90],[121,8]]}
//   {"end":"Duration"}
//
// Lines about another place than the target itself carry its name, "view":"loadBalancer"; the first
// line of all names them in their order: {"views":["loadBalancer","web"]}
//
// "lateMs": how long after it was due the probe itself began a request. Over half a second it was
// the probe that stood still, and nothing is known of the service in that second.
//
// Times are the probe's own: seconds and milliseconds since its start on a clock that never jumps,
// anchored to the wall clock once by `startedAt`. `at` is the wall clock when the line was written:
// whoever reads it can tell how far the two machines' clocks are apart.
// A request belongs to the second of its *intended* start (open loop: the next request does not
// wait for the last answer), and so does its latency: a stalled server is not flattered.
// Thread safety: plain values.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "chaos/probe/histogram.h"

namespace chaos::probe {

// How a request came out. Only 2xx and 3xx are Ok: a service that answers 404 to its visitors does
// not serve them.
enum class Outcome { Ok, Resolve, Connect, Timeout, Broken, Status4xx, Status5xx };
inline constexpr size_t kOutcomes = 7;
const char* name(Outcome outcome);

// An answer that took longer is a good one that nobody waited for.
inline constexpr std::chrono::milliseconds kSlow{1000};

// A probe that begins its requests later than this has no say about how they came out.
inline constexpr std::chrono::milliseconds kBlind{500};

inline constexpr size_t kMostViews = 32;  // more are malformed

struct Header {
    base::WallTime startedAt;
    std::string target;
    int requestsPerSecond = 0;
    std::chrono::milliseconds timeout{0};

    bool operator==(const Header&) const = default;
};

struct Second {
    int64_t second = 0;
    base::WallTime writtenAt;
    int64_t sent = 0;
    std::array<int64_t, kOutcomes> outcomes{};  // by Outcome; their sum is `sent`
    std::optional<int64_t> firstErrorMs;        // intended start since the probe's start
    std::optional<int64_t> lastErrorMs;
    std::optional<int64_t> gapEndMs;  // the good answer that ended that stretch; empty: none yet
    int64_t slow = 0;                 // good answers that took longer than kSlow
    std::optional<int64_t> firstSlowMs;
    std::optional<int64_t> lastSlowMs;
    int64_t gapMs = 0;  // the longest stretch between good answers that reached into this second
    int64_t reconnected = 0;  // stale kept-alive connections replaced before an answer began
    int64_t lateMs = 0;       // the most that a request began after it was due
    Histogram latency;        // of good answers, from the intended start

    int64_t ok() const { return outcomes[static_cast<size_t>(Outcome::Ok)]; }
    int64_t failed() const { return sent - ok(); }
    bool blind() const { return lateMs > kBlind.count(); }
    bool operator==(const Second&) const = default;
};

struct View;

// One probe's whole output as far as it could be read.
struct Series {
    std::optional<Header> header;
    std::vector<Second> seconds;  // ascending, no second twice
    std::string end;              // why the probe ended; empty while it runs
    int malformed = 0;            // lines that are no line of a probe
    std::vector<View> views;      // in the order in which they were named

    // Wall time at which a second began, by the probe's anchor. Precondition: header.
    base::WallTime startOf(const Second& second) const;
};

// What was seen elsewhere meanwhile; its series has neither views nor an end of its own.
struct View {
    std::string name;
    Series series;
};

std::string writeViews(const std::vector<std::string>& names);
// `view` empty: the target itself.
std::string writeHeader(const Header& header, const std::string& view = "");
std::string writeSecond(const Second& second, const std::string& view = "");
std::string writeEnd(const std::string& reason);

// Never fails as a whole: a log may be cut anywhere. A last line without its newline is not counted
// as malformed: it is still being written.
Series parseSeries(std::string_view text);

}  // namespace chaos::probe
