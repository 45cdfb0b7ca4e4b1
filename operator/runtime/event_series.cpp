#include "runtime/event_series.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace runtime {
namespace {

using namespace std::chrono_literals;

constexpr auto kSilence = 6min;
constexpr auto kRefresh = 30min;
constexpr size_t kMaxNote = 1024;
constexpr size_t kMaxField = 128;
constexpr size_t kMaxObjectName = 230;
constexpr size_t kMaxSeries = 4096;

// At most `limit` bytes, never half a character.
std::string cut(const std::string& text, size_t limit) {
    if (text.size() <= limit) {
        return text;
    }
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) {
        --limit;
    }
    return text.substr(0, limit);
}

base::Json seriesJson(int64_t count, base::WallTime last) {
    return {{"count", count}, {"lastObservedTime", base::formatMicroTime(last)}};
}

}  // namespace

std::string EventSeries::newName(const std::string& object, base::WallTime wall) {
    auto stamp =
        std::chrono::duration_cast<std::chrono::nanoseconds>(wall.time_since_epoch()).count();
    lastStamp_ = std::max<int64_t>(stamp, lastStamp_ + 1);
    std::array<char, 24> hex{};
    std::snprintf(hex.data(), hex.size(), ".%llx", static_cast<unsigned long long>(lastStamp_));
    return cut(object, kMaxObjectName) + hex.data();
}

std::optional<EventSeries::Request> EventSeries::add(const Event& event, base::SteadyTime now,
                                                     base::WallTime wall) {
    const auto& regarding = event.regarding;
    Kind kind{event.type,     event.reason,  event.action, regarding.apiVersion,
              regarding.kind, regarding.key, regarding.uid};
    auto known = series_.find(kind);
    if (known != series_.end()) {
        Series& series = known->second;
        ++series.count;
        series.lastSeen = now;
        series.lastWall = wall;
        return series.count == 2 ? std::optional(patch(series, now)) : std::nullopt;
    }
    Series series;
    // Cluster-scoped objects have their events in "default".
    series.key.namespace_ = regarding.key.namespace_.empty() ? "default" : regarding.key.namespace_;
    series.key.name = newName(regarding.key.name, wall);
    series.note = cut(event.note, kMaxNote);
    series.firstWall = series.lastWall = wall;
    series.lastSeen = series.lastSent = now;
    Request request = whole(kind, series);
    if (series_.size() < kMaxSeries) {
        series_.emplace(std::move(kind), std::move(series));
    }
    return request;
}

EventSeries::Request EventSeries::whole(const Kind& kind, const Series& series) const {
    const auto& [type, reason, action, apiVersion, regarded, regardedKey, uid] = kind;
    base::Json reference = {
        {"apiVersion", apiVersion}, {"kind", regarded}, {"name", regardedKey.name}};
    if (!regardedKey.namespace_.empty()) {
        reference["namespace"] = regardedKey.namespace_;
    }
    if (!uid.empty()) {
        reference["uid"] = uid;
    }
    Request out{true,
                series.key,
                {{"apiVersion", "events.k8s.io/v1"},
                 {"kind", "Event"},
                 {"metadata", {{"namespace", series.key.namespace_}, {"name", series.key.name}}},
                 {"eventTime", base::formatMicroTime(series.firstWall)},
                 {"reportingController", controller_},
                 {"reportingInstance", cut(instance_, kMaxField)},
                 {"action", cut(action, kMaxField)},
                 {"reason", cut(reason, kMaxField)},
                 {"type", type == EventType::Warning ? "Warning" : "Normal"},
                 {"note", series.note},
                 {"regarding", std::move(reference)}}};
    if (series.count > 1) {
        out.body["series"] = seriesJson(series.count, series.lastWall);
    }
    return out;
}

EventSeries::Request EventSeries::patch(Series& series, base::SteadyTime now) const {
    series.sentCount = series.count;
    series.lastSent = now;
    return {false, series.key, {{"series", seriesJson(series.count, series.lastWall)}}};
}

std::vector<EventSeries::Request> EventSeries::tick(base::SteadyTime now) {
    std::vector<Request> out;
    for (auto it = series_.begin(); it != series_.end();) {
        Series& series = it->second;
        bool over = now - series.lastSeen >= kSilence;
        if (series.count > series.sentCount && (over || now - series.lastSent >= kRefresh)) {
            // One that never got through is not there to be patched; a name that is taken was ours.
            out.push_back(series.there ? patch(series, now) : anew(it->first, series, now));
        }
        it = over ? series_.erase(it) : std::next(it);
    }
    return out;
}

EventSeries::Request EventSeries::anew(const Kind& kind, Series& series,
                                       base::SteadyTime now) const {
    series.sentCount = series.count;
    series.lastSent = now;
    series.there = true;
    return whole(kind, series);
}

std::optional<EventSeries::Request> EventSeries::recreate(const kube::ObjectKey& key,
                                                          base::SteadyTime now,
                                                          base::WallTime wall) {
    for (auto& [kind, series] : series_) {
        if (series.key == key) {
            const auto& regarding = std::get<kube::ObjectKey>(kind);
            series.key.name = newName(regarding.name, wall);
            return anew(kind, series, now);
        }
    }
    return std::nullopt;
}

void EventSeries::unsent(const Request& request) {
    for (auto& [kind, series] : series_) {
        if (series.key == request.key) {
            series.sentCount = 0;
            series.there = series.there && !request.create;
        }
    }
}

}  // namespace runtime
