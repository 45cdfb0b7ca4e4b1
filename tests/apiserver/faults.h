// What goes wrong on purpose between a client and the API server in memory.
//
//   server->inject({.kind = Fault::Kind::LoseAnswer, .method = "PATCH", .part = "/deployments/"});
//   server->inject({.kind = Fault::Kind::CutInLine, .part = "/pods", .lines = 2});
//
// A fault meets the next `times` requests that match. Over HTTP it is what it says on the wire;
// through kube::Transport it is the error that a transport makes of it, at once: nothing waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace test {

struct Fault {
    enum class Kind {
        Status,      // `status` in place of an answer, nothing is done
        Drop,        // the connection closes before anything is done
        Reset,       // the same, rudely (RST)
        Silence,     // nothing is done and nothing comes: half open
        LoseAnswer,  // it is done, and the connection closes before the answer
        Delay,       // the answer comes after `delay`; over HTTP only
        // Of watches, after `lines` lines:
        CutInLine,    // the connection closes within the next line
        ResetStream,  // the same, rudely
        Stall,        // no further byte comes: half open
        // Of watches, all the time:
        Split,      // in pieces of `bytes`; over HTTP only
        Duplicate,  // every line twice
    };
    Kind kind = Kind::Status;
    int times = 1;
    std::string method{};  // empty: any
    std::string part{};    // of the target
    int status = 500;
    int retryAfterSeconds = -1;  // negative: no header
    size_t lines = 0;
    size_t bytes = 1;
    std::chrono::milliseconds delay{};

    bool ofStream() const { return kind >= Kind::CutInLine; }
};

}  // namespace test
