#include "api/chaos.h"

#include "base/json.h"

namespace api {
namespace {

// Fields of one block of the spec; the first one that makes no sense is remembered.
class Block {
  public:
    Block(const base::Json& object, const char* path, std::string& problem)
        : object_(object), path_(path), problem_(problem) {}

    void take(const char* field, std::string& out) {
        out = base::stringAt(object_, pointer(field)).value_or(out);
    }
    void take(const char* field, bool& out) {
        out = base::boolAt(object_, pointer(field)).value_or(out);
    }
    void take(const char* field, int64_t& out, int64_t least) {
        std::optional<int64_t> value;
        take(field, value, least);
        out = value.value_or(out);
    }
    void take(const char* field, std::optional<int64_t>& out, int64_t least) {
        auto value = base::intAt(object_, pointer(field));
        if (value && *value < least && problem_.empty()) {
            problem_ = std::string("spec") + path_ + "." + field + ": " + std::to_string(*value) +
                       " is less than " + std::to_string(least);
        }
        out = value ? value : out;
    }

  private:
    std::string pointer(const char* field) const {
        std::string out = "/spec";
        out += path_;
        for (auto& c : out) {
            c = c == '.' ? '/' : c;
        }
        return out + "/" + field;
    }

    const base::Json& object_;
    const char* path_;
    std::string& problem_;
};

}  // namespace

base::Result<ChaosExperimentSpec> parseChaosSpec(const base::Json& object) {
    ChaosExperimentSpec spec;
    std::string problem;
    Block top(object, "", problem);
    top.take("app", spec.app);
    top.take("runs", spec.runs, 1);
    top.take("control", spec.control);
    Block target(object, ".target", problem);
    target.take("tier", spec.target.tier);
    target.take("role", spec.target.role);
    target.take("zone", spec.target.zone);
    target.take("count", spec.target.count, 1);
    Block fault(object, ".fault", problem);
    fault.take("type", spec.fault.type);
    fault.take("graceSeconds", spec.fault.graceSeconds, 1);
    fault.take("durationSeconds", spec.fault.durationSeconds, 1);
    fault.take("method", spec.fault.method);
    fault.take("requestsPerSecond", spec.fault.requestsPerSecond, 1);
    Block steady(object, ".steadyState", problem);
    steady.take("webErrorPercent", spec.steadyState.webErrorPercent, 0);
    steady.take("minimumReady", spec.steadyState.minimumReady);
    steady.take("holdSeconds", spec.steadyState.holdSeconds, 1);
    Block load(object, ".load", problem);
    load.take("requestsPerSecond", spec.load.requestsPerSecond, 1);
    load.take("path", spec.load.path);
    Block expected(object, ".expectations", problem);
    expected.take("webErrorPercent", spec.expectations.webErrorPercent, 0);
    expected.take("maxReadOutageSeconds", spec.expectations.maxReadOutageSeconds, 1);
    expected.take("redundancyRestoredSeconds", spec.expectations.redundancyRestoredSeconds, 1);
    Block scaling(object, ".expectations.autoscaling", problem);
    scaling.take("scaling", spec.expectations.autoscaling.scaling);
    scaling.take("reactWithinSeconds", spec.expectations.autoscaling.reactWithinSeconds, 1);
    scaling.take("settleWithinSeconds", spec.expectations.autoscaling.settleWithinSeconds, 1);
    Block safety(object, ".safety", problem);
    safety.take("dryRun", spec.safety.dryRun);
    safety.take("maxTargets", spec.safety.maxTargets, 1);
    safety.take("maxTargetsPercent", spec.safety.maxTargetsPercent, 1);
    safety.take("expectOutage", spec.safety.expectOutage);
    safety.take("allowSharedNodes", spec.safety.allowSharedNodes);
    safety.take("abortAfterSeconds", spec.safety.abortAfterSeconds, 1);
    safety.take("abortErrorPercent", spec.safety.abortErrorPercent, 1);
    if (spec.app.empty()) {
        problem = "spec.app: names no ScalableApp";
    }
    if (!problem.empty()) {
        return base::fail(problem);
    }
    return spec;
}

}  // namespace api
