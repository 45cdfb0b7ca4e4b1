#include "reconcile/chaos_runs.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace reconcile {
namespace {

// From when on its visitors are there until its fault is gone.
constexpr std::array kActive{"SteadyState", "Injecting", "Observing", "Reverting", "Verifying"};
// A run ends by itself by its latest time, and what it held is given back soon after.
constexpr std::chrono::minutes kAbandoned{2};

std::optional<plan::ChaosRun> active(const base::Json& run) {
    auto phase = base::textAt(run, "/status/phase");
    base::WallTime latest;
    if (std::find(kActive.begin(), kActive.end(), phase) == kActive.end() ||
        !base::parseTime(base::textAt(run, "/status/abortAt"), latest)) {
        return std::nullopt;
    }
    bool control = base::boolAt(run, "/spec/withoutFault").value_or(false);
    return plan::ChaosRun{
        .name = base::textAt(run, "/metadata/name"),
        .fault = control ? "ControlRun" : base::textAt(run, "/spec/fault/type"),
        .mustEndBy = std::chrono::ceil<std::chrono::microseconds>(latest + kAbandoned)};
}

}  // namespace

std::optional<plan::ChaosRun> chaosOn(const std::vector<kube::ObjectPtr>& runs,
                                      base::WallTime now) {
    std::optional<plan::ChaosRun> first;
    for (const auto& object : runs) {
        auto run = active(object->json());
        if (run && now < run->mustEndBy && (!first || run->name < first->name)) {
            first = std::move(run);
        }
    }
    return first;
}

}  // namespace reconcile
