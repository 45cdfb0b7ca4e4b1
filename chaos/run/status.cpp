#include "chaos/run/status.h"

#include <array>

#include "base/json.h"

namespace chaos::run {
namespace {

constexpr std::array kPhases{"Pending",   "Predicting", "SteadyState", "Injecting",
                             "Observing", "Reverting",  "Verifying",   "Done"};
constexpr std::array kVerdicts{"Resilient", "Degraded", "Failed", "Inconclusive"};
constexpr std::array kHits{"Pending", "Accepted", "Deleting", "Dead", "Missed"};

template <class Enum, size_t N>
std::optional<Enum> parseEnum(const std::array<const char*, N>& names, const std::string& text) {
    for (size_t i = 0; i < N; ++i) {
        if (text == names[i]) {
            return static_cast<Enum>(i);
        }
    }
    return std::nullopt;
}

std::string text(const base::Json& json, const char* pointer) {
    return base::stringAt(json, pointer).value_or("");
}

std::optional<base::WallTime> time(const base::Json& json, const char* pointer) {
    base::WallTime out;
    if (base::parseTime(text(json, pointer), out)) {
        return out;
    }
    return std::nullopt;
}

void put(base::Json& json, const char* field, const std::optional<base::WallTime>& value) {
    if (value) {
        json[field] = base::formatMicroTime(*value);
    }
}

void put(base::Json& json, const char* field, const std::optional<int64_t>& value) {
    if (value) {
        json[field] = *value;
    }
}

// The definition's bound on texts; what an API server says may be longer.
constexpr size_t kMaxText = 1024;

std::string bounded(const std::string& value) {
    return value.size() <= kMaxText ? value : value.substr(0, kMaxText - 3) + "...";
}

void put(base::Json& json, const char* field, const std::string& value) {
    if (!value.empty()) {
        json[field] = bounded(value);
    }
}

std::vector<std::string> strings(const base::Json& json, const char* pointer) {
    std::vector<std::string> out;
    for (const auto& item : base::arrayAt(json, pointer)) {
        if (item.is_string()) {
            out.push_back(item.get<std::string>());
        }
    }
    return out;
}

int64_t number(const base::Json& json, const char* pointer) {
    return base::intAt(json, pointer).value_or(0);
}

base::Json toJson(const Target& target) {
    base::Json out{{"name", target.name}, {"uid", target.uid}};
    put(out, "node", target.node);
    put(out, "zone", target.zone);
    put(out, "role", target.role);
    return out;
}

base::Json toJson(const Evidence& evidence) {
    base::Json out{{"name", evidence.name}, {"uid", evidence.uid}, {"hit", name(evidence.hit)}};
    put(out, "deletedAt", evidence.deletedAt);
    put(out, "deadAt", evidence.deadAt);
    put(out, "message", evidence.message);
    return out;
}

Evidence parseEvidence(const base::Json& json) {
    return {.uid = text(json, "/uid"),
            .name = text(json, "/name"),
            .hit = parseEnum<Hit>(kHits, text(json, "/hit")).value_or(Hit::Pending),
            .deletedAt = time(json, "/deletedAt"),
            .deadAt = time(json, "/deadAt"),
            .message = text(json, "/message")};
}

base::Json toJson(const Prediction& prediction) {
    return {{"targets", prediction.targets},
            {"readyBefore", prediction.readyBefore},
            {"readyAfter", prediction.readyAfter},
            {"minimum", prediction.minimum},
            {"message", prediction.message}};
}

Prediction parsePrediction(const base::Json& json) {
    return {.targets = strings(json, "/targets"),
            .readyBefore = number(json, "/readyBefore"),
            .readyAfter = number(json, "/readyAfter"),
            .minimum = number(json, "/minimum"),
            .message = text(json, "/message")};
}

base::Json toJson(const PhaseMeasure& phase) {
    base::Json out{{"seconds", phase.seconds},
                   {"missingSeconds", phase.missingSeconds},
                   {"requests", phase.requests},
                   {"failed", phase.failed}};
    auto errors = base::Json::array();
    for (const auto& [kind, count] : phase.errors) {
        errors.push_back({{"kind", kind}, {"count", count}});
    }
    out["errors"] = errors;
    out["reconnected"] = phase.reconnected;
    out["p50Microseconds"] = phase.p50Microseconds;
    out["p99Microseconds"] = phase.p99Microseconds;
    out["longestGapMilliseconds"] = phase.longestGapMilliseconds;
    return out;
}

PhaseMeasure parsePhase(const base::Json* json) {
    PhaseMeasure out;
    if (json == nullptr) {
        return out;
    }
    out.seconds = number(*json, "/seconds");
    out.missingSeconds = number(*json, "/missingSeconds");
    out.requests = number(*json, "/requests");
    out.failed = number(*json, "/failed");
    for (const auto& error : base::arrayAt(*json, "/errors")) {
        out.errors[text(error, "/kind")] = number(error, "/count");
    }
    out.reconnected = number(*json, "/reconnected");
    out.p50Microseconds = number(*json, "/p50Microseconds");
    out.p99Microseconds = number(*json, "/p99Microseconds");
    out.longestGapMilliseconds = number(*json, "/longestGapMilliseconds");
    return out;
}

base::Json toJson(const Measurements& all) {
    base::Json out{{"before", toJson(all.before)},   {"during", toJson(all.during)},
                   {"after", toJson(all.after)},     {"readyBefore", all.readyBefore},
                   {"readyLowest", all.readyLowest}, {"readyAtEnd", all.readyAtEnd}};
    put(out, "deleteToDeathMilliseconds", all.deleteToDeathMilliseconds);
    put(out, "wholeAfterDeleteMilliseconds", all.wholeAfterDeleteMilliseconds);
    put(out, "wholeAfterDeathMilliseconds", all.wholeAfterDeathMilliseconds);
    return out;
}

Measurements parseMeasurements(const base::Json& json) {
    return {.before = parsePhase(base::at(json, "/before")),
            .during = parsePhase(base::at(json, "/during")),
            .after = parsePhase(base::at(json, "/after")),
            .readyBefore = number(json, "/readyBefore"),
            .readyLowest = number(json, "/readyLowest"),
            .readyAtEnd = number(json, "/readyAtEnd"),
            .deleteToDeathMilliseconds = base::intAt(json, "/deleteToDeathMilliseconds"),
            .wholeAfterDeleteMilliseconds = base::intAt(json, "/wholeAfterDeleteMilliseconds"),
            .wholeAfterDeathMilliseconds = base::intAt(json, "/wholeAfterDeathMilliseconds")};
}

void readLists(const base::Json& json, Status& status) {
    for (const auto& target : base::arrayAt(json, "/targets")) {
        status.targets.push_back({.name = text(target, "/name"),
                                  .uid = text(target, "/uid"),
                                  .node = text(target, "/node"),
                                  .zone = text(target, "/zone"),
                                  .role = text(target, "/role")});
    }
    for (const auto& evidence : base::arrayAt(json, "/evidence")) {
        status.evidence.push_back(parseEvidence(evidence));
    }
    for (const auto& entry : base::arrayAt(json, "/timeline")) {
        status.timeline.push_back(
            {time(entry, "/time").value_or(base::WallTime()), text(entry, "/what")});
    }
    status.reasons = strings(json, "/reasons");
    status.conditions = api::parseConditions(base::arrayAt(json, "/conditions"));
}

void writeLists(const Status& status, base::Json& out) {
    out["targets"] = base::Json::array();
    for (const auto& target : status.targets) {
        out["targets"].push_back(toJson(target));
    }
    out["evidence"] = base::Json::array();
    for (const auto& evidence : status.evidence) {
        out["evidence"].push_back(toJson(evidence));
    }
    out["reasons"] = base::Json::array();
    for (const auto& reason : status.reasons) {
        out["reasons"].push_back(bounded(reason));
    }
    out["timeline"] = base::Json::array();
    for (const auto& entry : status.timeline) {
        out["timeline"].push_back(
            {{"time", base::formatMicroTime(entry.time)}, {"what", bounded(entry.what)}});
    }
    out["conditions"] = api::toJson(status.conditions);
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

void Status::tell(base::WallTime now, std::string what) {
    if (timeline.size() < kMaxTimeline) {
        timeline.push_back({now, std::move(what)});
    }
}

Status parseStatus(const base::Json& json) {
    Status status;
    status.phase = parseEnum<Phase>(kPhases, text(json, "/phase")).value_or(Phase::Pending);
    status.startedAt = time(json, "/startedAt");
    status.abortAt = time(json, "/abortAt");
    status.phaseSince = time(json, "/phaseSince");
    status.steadySince = time(json, "/steadySince");
    status.intentAt = time(json, "/intentAt");
    status.wholeAt = time(json, "/wholeAt");
    status.observedUntil = time(json, "/observedUntil");
    status.revertedAt = time(json, "/revertedAt");
    status.completedAt = time(json, "/completedAt");
    status.seed = base::intAt(json, "/seed");
    status.probePodUid = text(json, "/probePodUID");
    status.probeProblem = text(json, "/probeProblem");
    status.readyBefore = number(json, "/readyBefore");
    status.readyLowest = number(json, "/readyLowest");
    status.readyAtEnd = number(json, "/readyAtEnd");
    if (const auto* prediction = base::at(json, "/prediction")) {
        status.prediction = parsePrediction(*prediction);
    }
    if (const auto* measurements = base::at(json, "/measurements")) {
        status.measurements = parseMeasurements(*measurements);
    }
    status.verdict = parseEnum<Verdict>(kVerdicts, text(json, "/verdict"));
    status.reason = text(json, "/reason");
    readLists(json, status);
    return status;
}

base::Json toJson(const Status& status) {
    base::Json out{{"phase", name(status.phase)}};
    put(out, "startedAt", status.startedAt);
    put(out, "abortAt", status.abortAt);
    put(out, "phaseSince", status.phaseSince);
    // Null where it may have been set before: in a merge patch only that takes a field away.
    out["steadySince"] = nullptr;
    put(out, "steadySince", status.steadySince);
    put(out, "intentAt", status.intentAt);
    out["wholeAt"] = nullptr;
    put(out, "wholeAt", status.wholeAt);
    put(out, "observedUntil", status.observedUntil);
    put(out, "revertedAt", status.revertedAt);
    put(out, "completedAt", status.completedAt);
    put(out, "seed", status.seed);
    put(out, "probePodUID", status.probePodUid);
    put(out, "probeProblem", status.probeProblem);
    out["readyBefore"] = status.readyBefore;
    out["readyLowest"] = status.readyLowest;
    out["readyAtEnd"] = status.readyAtEnd;
    if (status.prediction) {
        out["prediction"] = toJson(*status.prediction);
    }
    if (status.measurements) {
        out["measurements"] = toJson(*status.measurements);
    }
    if (status.verdict) {
        out["verdict"] = name(*status.verdict);
    }
    put(out, "reason", status.reason);
    writeLists(status, out);
    return out;
}

}  // namespace chaos::run
