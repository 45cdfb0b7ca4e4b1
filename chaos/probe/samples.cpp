#include "chaos/probe/samples.h"

#include <algorithm>

#include "base/json.h"

namespace chaos::probe {
namespace {

constexpr std::array<const char*, kOutcomes> kNames{"Ok",     "Resolve",   "Connect",  "Timeout",
                                                    "Broken", "Status4xx", "Status5xx"};

std::optional<Header> headerOf(const base::Json& line) {
    auto started = base::stringAt(line, "/startedAt");
    auto target = base::stringAt(line, "/target");
    auto rate = base::intAt(line, "/requestsPerSecond");
    auto timeout = base::intAt(line, "/timeoutMilliseconds");
    Header header;
    if (!started || !target || !rate || !timeout || !base::parseTime(*started, header.startedAt)) {
        return std::nullopt;
    }
    header.target = *target;
    header.requestsPerSecond = static_cast<int>(*rate);
    header.timeout = std::chrono::milliseconds(*timeout);
    return header;
}

bool readErrors(const base::Json& line, Second& second) {
    int64_t failed = 0;
    if (const auto* errors = base::at(line, "/errors")) {
        for (const auto& [key, value] : errors->items()) {
            size_t kind = 1;
            while (kind < kOutcomes && key != kNames[kind]) {
                ++kind;
            }
            if (kind == kOutcomes || !value.is_number_integer() || value.get<int64_t>() < 0) {
                return false;
            }
            second.outcomes[kind] = value.get<int64_t>();
            failed += second.outcomes[kind];
        }
    }
    return second.ok() >= 0 && second.ok() + failed == second.sent;
}

bool readLatency(const base::Json& line, Second& second) {
    for (const auto& bucket : base::arrayAt(line, "/latency")) {
        if (!bucket.is_array() || bucket.size() != 2 || !bucket[0].is_number_integer() ||
            !bucket[1].is_number_integer() ||
            !second.latency.addBucket(bucket[0].get<int>(), bucket[1].get<int64_t>())) {
            return false;
        }
    }
    return second.latency.count() == second.ok();
}

std::optional<Second> secondOf(const base::Json& line) {
    auto index = base::intAt(line, "/second");
    auto at = base::stringAt(line, "/at");
    auto sent = base::intAt(line, "/sent");
    auto ok = base::intAt(line, "/ok");
    Second second;
    if (!index || !at || !sent || !ok || !base::parseTime(*at, second.writtenAt)) {
        return std::nullopt;
    }
    second.second = *index;
    second.sent = *sent;
    second.outcomes[0] = *ok;
    second.firstErrorMs = base::intAt(line, "/firstErrorMs");
    second.lastErrorMs = base::intAt(line, "/lastErrorMs");
    second.gapMs = base::intAt(line, "/gapMs").value_or(0);
    second.gapEndMs = base::intAt(line, "/gapEndMs");
    second.slow = base::intAt(line, "/slow").value_or(0);
    second.firstSlowMs = base::intAt(line, "/firstSlowMs");
    second.lastSlowMs = base::intAt(line, "/lastSlowMs");
    second.reconnected = base::intAt(line, "/reconnected").value_or(0);
    second.lateMs = base::intAt(line, "/lateMs").value_or(0);
    if (!readErrors(line, second) || !readLatency(line, second)) {
        return std::nullopt;
    }
    return second;
}

// Null: there are too many.
Series* seriesOf(const std::string& view, Series& all) {
    if (view.empty()) {
        return &all;
    }
    for (auto& known : all.views) {
        if (known.name == view) {
            return &known.series;
        }
    }
    return all.views.size() < kMostViews ? &all.views.emplace_back(View{view, {}}).series : nullptr;
}

bool takeNames(const base::Json& names, Series& all) {
    return names.is_array() && std::all_of(names.begin(), names.end(), [&](const auto& name) {
               return name.is_string() &&
                      seriesOf(name.template get<std::string>(), all) != nullptr;
           });
}

bool takeLine(const base::Json& line, Series& all) {
    if (const auto* names = base::at(line, "/views")) {
        return takeNames(*names, all);
    }
    auto* of = seriesOf(base::textAt(line, "/view"), all);
    if (of == nullptr) {
        return false;
    }
    auto& series = *of;
    if (base::at(line, "/probe") != nullptr) {
        auto header = headerOf(line);
        if (!header || series.header) {
            return false;
        }
        series.header = std::move(header);
        return true;
    }
    if (auto end = base::stringAt(line, "/end")) {
        series.end = *end;
        return true;
    }
    auto second = secondOf(line);
    if (!second || (!series.seconds.empty() && series.seconds.back().second >= second->second)) {
        return false;
    }
    series.seconds.push_back(std::move(*second));
    return true;
}

std::string written(base::Json line, const std::string& view) {
    if (!view.empty()) {
        line["view"] = view;
    }
    return base::dumpJson(line);
}

}  // namespace

const char* name(Outcome outcome) {
    return kNames[static_cast<size_t>(outcome)];
}

base::WallTime Series::startOf(const Second& second) const {
    return header->startedAt + std::chrono::seconds(second.second);
}

std::string writeViews(const std::vector<std::string>& names) {
    return base::dumpJson(base::Json{{"views", names}});
}

std::string writeHeader(const Header& header, const std::string& view) {
    return written({{"probe", 1},
                    {"startedAt", base::formatMicroTime(header.startedAt)},
                    {"target", header.target},
                    {"requestsPerSecond", header.requestsPerSecond},
                    {"timeoutMilliseconds", header.timeout.count()}},
                   view);
}

std::string writeSecond(const Second& second, const std::string& view) {
    base::Json line{{"second", second.second},
                    {"at", base::formatMicroTime(second.writtenAt)},
                    {"sent", second.sent},
                    {"ok", second.ok()}};
    for (size_t kind = 1; kind < kOutcomes; ++kind) {
        if (second.outcomes[kind] > 0) {
            line["errors"][kNames[kind]] = second.outcomes[kind];
        }
    }
    auto put = [&](const char* field, const std::optional<int64_t>& value) {
        if (value) {
            line[field] = *value;
        }
    };
    put("firstErrorMs", second.firstErrorMs);
    put("lastErrorMs", second.lastErrorMs);
    line["gapMs"] = second.gapMs;
    put("gapEndMs", second.gapEndMs);
    if (second.slow > 0) {
        line["slow"] = second.slow;
        put("firstSlowMs", second.firstSlowMs);
        put("lastSlowMs", second.lastSlowMs);
    }
    if (second.reconnected > 0) {
        line["reconnected"] = second.reconnected;
    }
    if (second.lateMs > 0) {
        line["lateMs"] = second.lateMs;
    }
    line["latency"] = base::Json::array();
    for (const auto& [index, count] : second.latency.buckets()) {
        line["latency"].push_back(base::Json::array({index, count}));
    }
    return written(std::move(line), view);
}

std::string writeEnd(const std::string& reason) {
    return base::dumpJson(base::Json{{"end", reason}});
}

Series parseSeries(std::string_view text) {
    Series series;
    while (!text.empty()) {
        auto newline = text.find('\n');
        if (newline == std::string_view::npos) {
            break;
        }
        auto line = text.substr(0, newline);
        text.remove_prefix(newline + 1);
        if (line.empty()) {
            continue;
        }
        auto json = base::parseJson(line);
        if (!json || !json->is_object() || !takeLine(*json, series)) {
            ++series.malformed;
        }
    }
    return series;
}

}  // namespace chaos::probe
