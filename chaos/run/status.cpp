#include "chaos/run/status.h"

#include <array>

#include "base/json.h"

namespace chaos::run {
namespace {

constexpr std::array kPhases{"Pending",   "Predicting", "SteadyState", "Injecting",
                             "Observing", "Reverting",  "Verifying",   "Done"};
constexpr std::array kVerdicts{"Resilient", "Degraded", "Failed", "Inconclusive"};
constexpr std::array kHits{"Pending", "Accepted", "Deleting", "Dead", "Missed"};
constexpr std::array kStates{"Pending", "Applied", "Reverted"};

// The definition's bound on texts; what an API server says may be longer.
constexpr size_t kMaxText = 1024;

std::string bounded(const std::string& value) {
    return value.size() <= kMaxText ? value : value.substr(0, kMaxText - 3) + "...";
}

std::string pointer(const char* field) {
    return std::string("/") + field;
}

// Each structure lists its fields once (`fields` below); a Writer or a Reader goes over them.
class Writer {
  public:
    explicit Writer(base::Json& out) : out_(out) {}

    void number(const char* field, const int64_t& value) { out_[field] = value; }
    void number(const char* field, const std::optional<int64_t>& value) {
        if (value) {
            out_[field] = *value;
        }
    }
    void text(const char* field, const std::string& value) {
        if (!value.empty()) {
            out_[field] = bounded(value);
        }
    }
    void boolean(const char* field, const bool& value) { out_[field] = value; }
    void boolean(const char* field, const std::optional<bool>& value) {
        if (value) {
            out_[field] = *value;
        }
    }
    void time(const char* field, const base::WallTime& value) {
        out_[field] = base::formatMicroTime(value);
    }
    void time(const char* field, const std::optional<base::WallTime>& value) {
        if (value) {
            time(field, *value);
        }
    }
    // Null where it may have been set before: in a merge patch only that takes a field away.
    void clearedTime(const char* field, const std::optional<base::WallTime>& value) {
        out_[field] = nullptr;
        time(field, value);
    }
    template <class Enum, size_t N>
    void word(const char* field, const Enum& value, const std::array<const char*, N>& names) {
        out_[field] = names[static_cast<size_t>(value)];
    }
    template <class Enum, size_t N>
    void word(const char* field, const std::optional<Enum>& value,
              const std::array<const char*, N>& names) {
        if (value) {
            word(field, *value, names);
        }
    }
    void numbers(const char* field, const std::vector<int64_t>& values) { out_[field] = values; }
    void texts(const char* field, const std::vector<std::string>& values) {
        out_[field] = base::Json::array();
        for (const auto& value : values) {
            out_[field].push_back(bounded(value));
        }
    }
    template <class T>
    void object(const char* field, T& value) {
        auto inner = base::Json::object();
        Writer writer(inner);
        fields(writer, value);
        out_[field] = std::move(inner);
    }
    template <class T>
    void object(const char* field, std::optional<T>& value) {
        if (value) {
            object(field, *value);
        }
    }
    template <class T>
    void list(const char* field, std::vector<T>& values) {
        auto items = base::Json::array();
        for (auto& value : values) {
            auto inner = base::Json::object();
            Writer writer(inner);
            fields(writer, value);
            items.push_back(std::move(inner));
        }
        out_[field] = std::move(items);
    }
    void counts(const char* field, const std::map<std::string, int64_t>& values) {
        out_[field] = base::Json::array();
        for (const auto& [kind, count] : values) {
            out_[field].push_back({{"kind", kind}, {"count", count}});
        }
    }
    void conditions(const char* field, const api::Conditions& value) {
        out_[field] = api::toJson(value);
    }

  private:
    base::Json& out_;
};

class Reader {
  public:
    explicit Reader(const base::Json& in) : in_(in) {}

    void number(const char* field, int64_t& value) {
        value = base::intAt(in_, pointer(field)).value_or(value);
    }
    void number(const char* field, std::optional<int64_t>& value) {
        value = base::intAt(in_, pointer(field));
    }
    void text(const char* field, std::string& value) { value = at(field); }
    void boolean(const char* field, bool& value) {
        value = base::boolAt(in_, pointer(field)).value_or(false);
    }
    void boolean(const char* field, std::optional<bool>& value) {
        value = base::boolAt(in_, pointer(field));
    }
    // Somebody else may have written finer ones.
    bool time(const char* field, base::WallTime& value) {
        const bool there = base::parseTime(at(field), value);
        value = std::chrono::floor<std::chrono::microseconds>(value);
        return there;
    }
    void time(const char* field, std::optional<base::WallTime>& value) {
        if (base::WallTime read; time(field, read)) {
            value = read;
        }
    }
    void clearedTime(const char* field, std::optional<base::WallTime>& value) {
        time(field, value);
    }
    template <class Enum, size_t N>
    void word(const char* field, Enum& value, const std::array<const char*, N>& names) {
        std::optional<Enum> read;
        word(field, read, names);
        value = read.value_or(value);
    }
    template <class Enum, size_t N>
    void word(const char* field, std::optional<Enum>& value,
              const std::array<const char*, N>& names) {
        auto found = at(field);
        for (size_t i = 0; i < N; ++i) {
            if (found == names[i]) {
                value = static_cast<Enum>(i);
            }
        }
    }
    void numbers(const char* field, std::vector<int64_t>& values) {
        for (const auto& item : base::arrayAt(in_, pointer(field))) {
            values.push_back(item.is_number_integer() ? item.get<int64_t>() : 0);
        }
    }
    void texts(const char* field, std::vector<std::string>& values) {
        for (const auto& item : base::arrayAt(in_, pointer(field))) {
            if (item.is_string()) {
                values.push_back(item.get<std::string>());
            }
        }
    }
    template <class T>
    void object(const char* field, T& value) {
        if (const auto* inner = base::at(in_, pointer(field))) {
            Reader reader(*inner);
            fields(reader, value);
        }
    }
    template <class T>
    void object(const char* field, std::optional<T>& value) {
        if (base::at(in_, pointer(field)) != nullptr) {
            value.emplace();
            object(field, *value);
        }
    }
    template <class T>
    void list(const char* field, std::vector<T>& values) {
        for (const auto& item : base::arrayAt(in_, pointer(field))) {
            Reader reader(item);
            fields(reader, values.emplace_back());
        }
    }
    void counts(const char* field, std::map<std::string, int64_t>& values) {
        for (const auto& item : base::arrayAt(in_, pointer(field))) {
            values[base::stringAt(item, "/kind").value_or("")] =
                base::intAt(item, "/count").value_or(0);
        }
    }
    void conditions(const char* field, api::Conditions& value) {
        value = api::parseConditions(base::arrayAt(in_, pointer(field)));
    }

  private:
    std::string at(const char* field) const {
        return base::stringAt(in_, pointer(field)).value_or("");
    }

    const base::Json& in_;
};

template <class IO>
void fields(IO& io, Target& x) {
    io.text("name", x.name);
    io.text("uid", x.uid);
    io.text("node", x.node);
    io.text("zone", x.zone);
    io.text("role", x.role);
}

template <class IO>
void fields(IO& io, Evidence& x) {
    io.text("name", x.name);
    io.text("uid", x.uid);
    io.word("hit", x.hit, kHits);
    io.time("deletedAt", x.deletedAt);
    io.time("deadAt", x.deadAt);
    io.text("message", x.message);
}

template <class IO>
void fields(IO& io, Effect& x) {
    io.text("kind", x.kind);
    io.text("name", x.name);
    io.text("uid", x.uid);
    io.word("state", x.state, kStates);
    io.time("appliedAt", x.appliedAt);
    io.time("revertedAt", x.revertedAt);
}

template <class IO>
void fields(IO& io, Remains& x) {
    io.text("name", x.name);
    io.number("before", x.before);
    io.number("after", x.after);
    io.number("minimum", x.minimum);
}

template <class IO>
void fields(IO& io, Prediction& x) {
    io.texts("targets", x.targets);
    io.number("readyBefore", x.readyBefore);
    io.number("readyAfter", x.readyAfter);
    io.number("minimum", x.minimum);
    io.list("tiers", x.tiers);
    io.list("zones", x.zones);
    io.number("errorPercent", x.errorPercent);
    io.number("wholeWithinSeconds", x.wholeWithinSeconds);
    io.texts("neighbours", x.neighbours);
    io.number("neighboursCount", x.neighboursCount);
    io.text("message", x.message);
}

template <class IO>
void fields(IO& io, PhaseMeasure& x) {
    io.number("seconds", x.seconds);
    io.number("missingSeconds", x.missingSeconds);
    io.number("requests", x.requests);
    io.number("failed", x.failed);
    io.counts("errors", x.errors);
    io.number("reconnected", x.reconnected);
    io.number("p50Microseconds", x.p50Microseconds);
    io.number("p99Microseconds", x.p99Microseconds);
    io.number("longestGapMilliseconds", x.longestGapMilliseconds);
    io.number("disturbedMilliseconds", x.disturbedMilliseconds);
    io.number("slow", x.slow);
    io.number("slowMilliseconds", x.slowMilliseconds);
}

template <class IO>
void fields(IO& io, ZoneMeasure& x) {
    io.text("zone", x.zone);
    io.number("readyBefore", x.readyBefore);
    io.number("readyLowest", x.readyLowest);
    io.number("wholeMilliseconds", x.wholeMilliseconds);
    io.number("wholeAtLeastMilliseconds", x.wholeAtLeastMilliseconds);
}

template <class IO>
void fields(IO& io, ViewMeasure& x) {
    io.text("name", x.name);
    io.number("requests", x.requests);
    io.number("failed", x.failed);
    io.number("failedBefore", x.failedBefore);
    io.number("failedAfter", x.failedAfter);
    io.number("p50Microseconds", x.p50Microseconds);
    io.number("p99Microseconds", x.p99Microseconds);
    io.number("longestGapMilliseconds", x.longestGapMilliseconds);
}

template <class IO>
void fields(IO& io, Bound& x) {
    io.text("measure", x.measure);
    io.number("atLeastMilliseconds", x.atLeastMilliseconds);
}

template <class IO>
void fields(IO& io, Undecided& x) {
    io.number("requests", x.requests);
    io.number("failed", x.failed);
}

template <class IO>
void fields(IO& io, Measurements& x) {
    io.object("before", x.before);
    io.object("during", x.during);
    io.object("after", x.after);
    io.number("readyBefore", x.readyBefore);
    io.number("readyLowest", x.readyLowest);
    io.number("readyAtEnd", x.readyAtEnd);
    io.number("deleteToDeathMilliseconds", x.deleteToDeathMilliseconds);
    io.number("wholeAfterDeleteMilliseconds", x.wholeAfterDeleteMilliseconds);
    io.number("wholeAfterDeathMilliseconds", x.wholeAfterDeathMilliseconds);
    io.number("wholeAfterEndMilliseconds", x.wholeAfterEndMilliseconds);
    io.number("detectedMilliseconds", x.detectedMilliseconds);
    io.number("firstGoodMilliseconds", x.firstGoodMilliseconds);
    io.object("undecided", x.undecided);
    io.list("bounds", x.bounds);
    io.list("zones", x.zones);
    io.list("views", x.views);
}

template <class IO>
void fields(IO& io, Scaling& x) {
    io.number("before", x.before);
    io.time("loadAt", x.loadAt);
    io.time("metricAt", x.metricAt);
    io.time("desiredAt", x.desiredAt);
    io.clearedTime("readyAt", x.readyAt);
    io.clearedTime("calmAt", x.calmAt);
    io.time("scaledInAt", x.scaledInAt);
    io.number("peak", x.peak);
    io.number("last", x.last);
    io.number("direction", x.direction);
    io.number("reversals", x.reversals);
}

template <class IO>
void fields(IO& io, Readiness& x) {
    io.time("time", x.time);
    io.text("zone", x.zone);
    io.number("ready", x.ready);
}

template <class IO>
void fields(IO& io, Gap& x) {
    io.time("from", x.from);
    io.time("to", x.to);
}

template <class IO>
void fields(IO& io, Comparison& x) {
    io.text("what", x.what);
    io.text("predicted", x.predicted);
    io.text("observed", x.observed);
    io.boolean("holds", x.holds);
}

template <class IO>
void fields(IO& io, Columns& x) {
    io.time("startedAt", x.startedAt);
    io.number("stepSeconds", x.stepSeconds);
    io.numbers("sent", x.sent);
    io.numbers("failed", x.failed);
    io.numbers("p50Microseconds", x.p50Microseconds);
    io.numbers("p99Microseconds", x.p99Microseconds);
}

template <class IO>
void fields(IO& io, TimelineEntry& x) {
    io.time("time", x.time);
    io.text("what", x.what);
}

template <class IO>
void fields(IO& io, Status& x) {
    io.word("phase", x.phase, kPhases);
    io.time("startedAt", x.startedAt);
    io.time("abortAt", x.abortAt);
    io.time("phaseSince", x.phaseSince);
    io.clearedTime("steadySince", x.steadySince);
    io.time("intentAt", x.intentAt);
    io.time("deadline", x.deadline);
    io.time("detectedAt", x.detectedAt);
    io.clearedTime("wholeAt", x.wholeAt);
    io.time("lookedAt", x.lookedAt);
    io.time("observedUntil", x.observedUntil);
    io.time("revertedAt", x.revertedAt);
    io.time("completedAt", x.completedAt);
    io.number("seed", x.seed);
    io.text("probePodUID", x.probePodUid);
    io.time("probeStartedAt", x.probeStartedAt);
    io.boolean("stepClockSeen", x.stepClockSeen);
    io.text("probeProblem", x.probeProblem);
    io.text("clockProblem", x.clockProblem);
    io.text("aborted", x.aborted);
    io.text("driver", x.driver);
    io.number("intruders", x.intruders);
    io.number("appGeneration", x.appGeneration);
    io.number("readyBefore", x.readyBefore);
    io.number("readyLowest", x.readyLowest);
    io.number("readyAtEnd", x.readyAtEnd);
    io.object("prediction", x.prediction);
    io.list("targets", x.targets);
    io.list("evidence", x.evidence);
    io.list("effects", x.effects);
    io.object("scaling", x.scaling);
    io.list("readiness", x.readiness);
    io.list("gaps", x.gaps);
    io.object("measurements", x.measurements);
    io.list("comparison", x.comparison);
    io.object("series", x.series);
    io.word("verdict", x.verdict, kVerdicts);
    io.text("reason", x.reason);
    io.texts("reasons", x.reasons);
    io.list("timeline", x.timeline);
    io.conditions("conditions", x.conditions);
}

}  // namespace

const char* name(Phase phase) {
    return kPhases[static_cast<size_t>(phase)];
}
const char* name(Verdict verdict) {
    return kVerdicts[static_cast<size_t>(verdict)];
}
const char* name(Hit hit) {
    return kHits[static_cast<size_t>(hit)];
}
const char* name(EffectState state) {
    return kStates[static_cast<size_t>(state)];
}

int64_t Measurements::atLeast(const std::string& measure, int64_t most) const {
    for (const auto& bound : bounds) {
        if (bound.measure == measure) {
            return bound.atLeastMilliseconds;
        }
    }
    return most;
}

void Status::tell(base::WallTime now, std::string what) {
    // Many targets fill it: how it began and how it ended stay.
    if (timeline.size() >= kMaxTimeline) {
        timeline.erase(timeline.begin() + kMaxTimeline / 2);
    }
    timeline.push_back({now, std::move(what)});
}

Status parseStatus(const base::Json& json) {
    Status status;
    Reader reader(json);
    fields(reader, status);
    return status;
}

base::Json toJson(const Status& status) {
    auto out = base::Json::object();
    Writer writer(out);
    Status copy = status;  // one list of fields for both ways: a reader needs it mutable
    fields(writer, copy);
    return out;
}

}  // namespace chaos::run
