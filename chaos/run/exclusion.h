// One run per application at a time: who goes first.
//
//   std::string first = run::goesFirst({.name = "kill-2", .app = "shop", ...}, others);
//   if (!first.empty()) { wait for it }
//
// A run that has gone further goes first; of two that are equally far, the older one (then by
// name), so that any two runs agree on it whoever looks. Finished runs stand in nobody's way,
// and deleted ones whose fault is taken back.
// Thread safety: pure.
#pragma once

#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "chaos/run/status.h"

namespace chaos::run {

struct Contender {
    std::string name;
    std::string app;
    std::string createdAt;  // metav1.Time: ordered as text
    Phase phase = Phase::Pending;
    bool deleting = false;  // and holds nothing
};

Contender parseContender(const base::Json& run);

// The name of a run that goes before `self`; empty: it is our turn.
std::string goesFirst(const Contender& self, const std::vector<Contender>& others);

}  // namespace chaos::run
