#include "chaos/run/exclusion.h"

#include <tuple>

#include "base/json.h"
#include "chaos/kinds.h"
#include "runtime/finalizer.h"

namespace chaos::run {
namespace {

int progress(Phase phase) {
    switch (phase) {
        case Phase::Pending:
            return 0;
        case Phase::Predicting:
        case Phase::SteadyState:
            return 1;
        case Phase::Injecting:
        case Phase::Observing:
        case Phase::Reverting:
        case Phase::Verifying:
            return 2;
        case Phase::Done:
            return -1;
    }
    return -1;
}

// A deleted run whose fault is not taken back yet still disturbs the application.
bool holds(const base::Json& run) {
    return runtime::finalizersOf(run).has(kHeldFinalizer);
}

// Smaller goes first.
auto order(const Contender& run) {
    return std::tuple(-progress(run.phase), run.createdAt, run.name);
}

}  // namespace

Contender parseContender(const base::Json& run) {
    auto phase = Phase::Pending;
    if (const auto* status = base::at(run, "/status")) {
        phase = parseStatus(*status).phase;
    }
    return {.name = base::stringAt(run, "/metadata/name").value_or(""),
            .app = base::stringAt(run, "/spec/app").value_or(""),
            .createdAt = base::stringAt(run, "/metadata/creationTimestamp").value_or(""),
            .phase = phase,
            .deleting = base::at(run, "/metadata/deletionTimestamp") != nullptr && !holds(run)};
}

std::string goesFirst(const Contender& self, const std::vector<Contender>& others) {
    const Contender* first = nullptr;
    for (const auto& other : others) {
        bool inTheWay = other.name != self.name && other.app == self.app && !other.deleting &&
                        other.phase != Phase::Done && order(other) < order(self);
        if (inTheWay && (first == nullptr || order(other) < order(*first))) {
            first = &other;
        }
    }
    return first == nullptr ? "" : first->name;
}

}  // namespace chaos::run
