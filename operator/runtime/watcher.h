// The list-and-watch protocol as a pure state machine: no socket, no clock, no thread.
//
//   runtime::Watcher watcher(runtime::Scope{.labelSelector = "app=shop"}, jitter);
//   auto outputs = watcher.next(runtime::Watcher::Begin{}, now);  // -> StartWatch
//   outputs = watcher.next(runtime::Watcher::Line{line}, now);    // -> Upsert, Erase, Replace, ...
//   outputs = watcher.next(runtime::Watcher::Ended{}, now);       // -> StartWatch or Pause, ...
//
// The driver does what the outputs say, in order, and feeds back what came of it; while a streamed
// list is on its way also that time goes by (Waiting). Begin, Page,
// ListFailed, Ended and Paused are each answered with exactly one of StartList, StartWatch and
// Pause.
//
// The protocol: a streamed list first (WatchList: initial events, then a bookmark that ends them),
// a paged list where the server has none; then one watch after the other, each from where the last
// one ended. 410 begins anew, after a pause where that happened a short while ago too; every other
// failure backs off (0.8 s doubling to 30 s, jittered, anew after two minutes without trouble).
// Where the server was not reached or has too much to do, the watch goes on from the last version.
// Any other answer may be about that version (an event in the history that cannot be decoded, an
// old version that an aggregated server calls a bad request) and come again for ever, while the
// store grows stale: it begins anew, a server error after a few tries. How long a watch lasts is
// jittered too (290 s to twice that): those that began together do not end together.
//
// Source of protocol and figures: client-go tools/cache/reflector.go.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "kube/client.h"

namespace runtime {

// Which objects of a kind.
struct Scope {
    std::string namespace_{};  // empty: all
    std::string labelSelector{};
    std::string fieldSelector{};
    std::string shardSelector{};
};

// Growing pauses; each is between one and two times the step.
class Backoff {
  public:
    // `random` is in [0, 1).
    std::chrono::milliseconds next(base::SteadyTime now, double random);

  private:
    std::chrono::milliseconds step_{};
    std::optional<base::SteadyTime> last_;
};

class Watcher {
  public:
    // --- inputs
    struct Begin {};
    struct Paused {};  // the pause is over
    struct Page {
        kube::ObjectList list;
    };
    struct ListFailed {
        kube::ApiError error;
    };
    struct Line {
        std::string_view text;
    };
    struct Waiting {};  // a streamed list is not complete yet: said every kWaiting until Replace
    struct Ended {      // the watch is over, however it ended
        std::optional<kube::ApiError> error;
        std::chrono::milliseconds lasted{};
    };
    using Input = std::variant<Begin, Paused, Page, ListFailed, Line, Waiting, Ended>;
    static constexpr std::chrono::seconds kWaiting{10};

    // --- outputs
    struct StartList {
        kube::ListOptions options;
    };
    struct StartWatch {
        kube::WatchOptions options;
    };
    struct Pause {
        std::chrono::milliseconds duration{};
    };
    struct StopWatch {};  // end the stream that delivered this line; then say Ended
    struct Upsert {
        kube::ObjectPtr object;
    };
    struct Erase {
        kube::ObjectKey key;
        std::string resourceVersion;
    };
    struct Replace {
        std::vector<kube::ObjectPtr> objects;
        std::string resourceVersion;
    };
    struct Advance {
        std::string resourceVersion;
    };
    struct Trouble {  // for the log: what stands between us and the objects
        kube::ApiError error;
    };
    struct Healthy {};  // the server has answered
    struct Notice {     // odd, but dealt with
        std::string message;
    };
    using Output = std::variant<StartList, StartWatch, Pause, StopWatch, Upsert, Erase, Replace,
                                Advance, Trouble, Healthy, Notice>;
    using Outputs = std::vector<Output>;

    // `jitter` answers a number in [0, 1).
    Watcher(Scope scope, std::function<double()> jitter);

    Outputs next(const Input& input, base::SteadyTime now);

  private:
    // --- states
    struct Empty {
        bool streaming = true;  // the next attempt is a streamed list
    };
    struct Streaming {  // a streamed list is on its way
        std::map<kube::ObjectKey, kube::ObjectPtr> objects;
        bool failed = false;
    };
    struct Listing {
        std::vector<kube::ObjectPtr> objects;
        std::string continueToken;
        bool paged = true;
    };
    struct Listed {
        std::string resourceVersion;
    };
    struct Watching {
        std::string resourceVersion;
        bool sawEvent = false;
        std::optional<kube::ApiError>
            failure;  // an error event; what to do once the stream is over
    };
    using State = std::variant<Empty, Streaming, Listing, Listed, Watching>;

    void on(const Begin& input, base::SteadyTime now, Outputs& out);
    void on(const Paused& input, base::SteadyTime now, Outputs& out);
    void on(const Page& input, base::SteadyTime now, Outputs& out);
    void on(const ListFailed& input, base::SteadyTime now, Outputs& out);
    void on(const Line& input, base::SteadyTime now, Outputs& out);
    void on(const Waiting& input, base::SteadyTime now, Outputs& out);
    void on(const Ended& input, base::SteadyTime now, Outputs& out);

    void request(Outputs& out);
    void backOff(State resume, kube::ApiError error, base::SteadyTime now, Outputs& out);
    void initialEvent(Streaming& state, const std::string& type, const kube::ObjectPtr& object,
                      Outputs& out);
    void event(Watching& state, const std::string& type, const kube::ObjectPtr& object,
               Outputs& out);
    void streamFailed(kube::ApiError error, Outputs& out);
    void endedStreaming(const Ended& input, base::SteadyTime now, Outputs& out);
    void endedWatching(const Ended& input, base::SteadyTime now, Outputs& out);
    bool worthAnotherTry(const kube::ApiError& error, const std::string& version);
    kube::ListOptions listOptions(const Listing& state) const;
    kube::WatchOptions watchOptions() const;

    Scope scope_;
    std::function<double()> jitter_;
    Backoff backoff_;
    std::shared_ptr<kube::TextPack> pack_ = std::make_shared<kube::TextPack>();
    State state_;
    bool streamedLists_ = true;                  // false once the server said it has none
    std::optional<base::SteadyTime> expiredAt_;  // when a version was last too old
    std::string erredAt_;                        // the version of the last server error
    int serverErrors_ = 0;                       // at that version
};

// The two fields of a watch event: views into `line`. Nothing when it is no such object.
struct RawEvent {
    std::string_view type;
    std::string_view object;
};
std::optional<RawEvent> splitEvent(std::string_view line);

}  // namespace runtime
