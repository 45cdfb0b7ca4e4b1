#include "chaos/probe/recorder.h"

#include <algorithm>

namespace chaos::probe {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

int64_t millis(std::chrono::microseconds time) {
    return duration_cast<milliseconds>(time).count();
}

void note(Second& second, std::chrono::microseconds late) {
    second.lateMs = std::max(second.lateMs, millis(late));
}

}  // namespace

Recorder::Open& Recorder::open(Micros intended) {
    auto index = duration_cast<seconds>(intended).count();
    auto& entry = open_[index];
    entry.second.second = index;
    return entry;
}

void Recorder::sent(Micros intended, Micros late) {
    auto& entry = open(intended);
    ++entry.second.sent;
    ++entry.outstanding;
    note(entry.second, late);
}

void Recorder::finished(Micros intended, Outcome outcome, Micros latency) {
    auto& entry = open(intended);
    auto& second = entry.second;
    auto at = millis(intended);
    --entry.outstanding;
    ++second.outcomes[static_cast<size_t>(outcome)];
    if (outcome == Outcome::Ok) {
        second.latency.add(latency);
        entry.good.push_back(intended);
        if (latency > kSlow) {
            ++second.slow;
            second.firstSlowMs = std::min(second.firstSlowMs.value_or(at), at);
            second.lastSlowMs = std::max(second.lastSlowMs.value_or(at), at);
        }
        return;
    }
    second.firstErrorMs = std::min(second.firstErrorMs.value_or(at), at);
    second.lastErrorMs = std::max(second.lastErrorMs.value_or(at), at);
}

void Recorder::reconnected(Micros intended) {
    ++open(intended).second.reconnected;
}

void Recorder::late(Micros by) {
    for (auto& [index, entry] : open_) {
        note(entry.second, by);
    }
}

void Recorder::close(Open& entry, base::WallTime wall) {
    std::sort(entry.good.begin(), entry.good.end());
    Micros gap{0};
    for (auto good : entry.good) {
        if (good - lastGood_ > gap) {
            gap = good - lastGood_;
            entry.second.gapEndMs = millis(good);
        }
        lastGood_ = good;
    }
    // A stretch that has not ended counts as far as it got.
    if (auto open = seconds(entry.second.second + 1) - lastGood_; open > gap) {
        gap = open;
        entry.second.gapEndMs.reset();
    }
    entry.second.gapMs = millis(gap);
    entry.second.writtenAt = wall;
    write_(entry.second);
}

void Recorder::flush(Micros now, base::WallTime wall) {
    auto over = duration_cast<seconds>(now).count();
    while (next_ < over) {
        auto found = open_.find(next_);
        if (found == open_.end()) {
            Open silent;
            silent.second.second = next_;
            close(silent, wall);
        } else if (found->second.outstanding == 0) {
            close(found->second, wall);
            open_.erase(found);
        } else {
            return;
        }
        ++next_;
    }
}

void Recorder::finish(base::WallTime wall) {
    if (!open_.empty()) {
        flush(seconds(open_.rbegin()->first + 1), wall);
    }
}

}  // namespace chaos::probe
