// Folds single requests into seconds and writes each second once every request that belongs to it
// has come out. Knows no socket and no clock: times are given, since the probe's start.
//
//   Recorder recorder([](const Second& second) { puts(writeSecond(second).c_str()); });
//   recorder.sent(10ms);                                  // intended start
//   recorder.finished(10ms, Outcome::Ok, 3ms);            // latency from the intended start
//   recorder.flush(1s, wall);                             // writes the seconds that are over
//
// A probe that stood still says so (`late`): on the seconds that it slept through, and on those
// whose answers it may have overslept. None of them may be held against the service.
//
// Memory: one entry per request of the seconds that are not written yet, so bounded by rate ×
// time-out.
// Thread safety: none; one thread owns it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <vector>

#include "chaos/probe/samples.h"

namespace chaos::probe {

class Recorder {
  public:
    using Micros = std::chrono::microseconds;

    explicit Recorder(std::function<void(const Second&)> write) : write_(std::move(write)) {}

    // `late`: how long after it was due it began.
    void sent(Micros intended, Micros late = Micros(0));
    void finished(Micros intended, Outcome outcome, Micros latency);
    void reconnected(Micros intended);
    // What is due was not begun for so long: marks every second that is not written yet.
    void late(Micros by);
    // Writes, in order, every second before `now` that waits for nothing. Precondition: no request
    // that is due before `now` is still to be sent.
    void flush(Micros now, base::WallTime wall);
    // The load is over and every request has come out: writes what is left, the last second as
    // short as it was.
    void finish(base::WallTime wall);

  private:
    struct Open {
        Second second;
        int64_t outstanding = 0;
        std::vector<Micros> good;  // intended starts
    };

    Open& open(Micros intended);
    void close(Open& entry, base::WallTime wall);

    std::function<void(const Second&)> write_;
    std::map<int64_t, Open> open_;
    int64_t next_ = 0;  // the first second not written yet
    Micros lastGood_{0};
};

}  // namespace chaos::probe
