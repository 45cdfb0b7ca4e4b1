// Who owns which fields of an object: metadata.managedFields, and what writes do to it.
//
//   Managers managers = managersOf(live);
//   AppliedIntent applied = applyIntent(live, intent, {.manager = "operator"}, false);
//   if (!applied.conflicts.empty()) { ... 409 ... }
//
// Rules: Kubernetes, "Server-Side Apply". Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "apiserver/field_set.h"
#include "base/json.h"

namespace test {

struct Author {
    std::string manager{};
    std::string apiVersion{};
    std::string subresource{};
};

struct Manager {
    std::string name;
    std::string operation;  // Apply or Update
    std::string apiVersion;
    std::string subresource;
    std::string time;
    FieldSet fields;
};
using Managers = std::vector<Manager>;

Managers managersOf(const base::Json& object);
void setManagers(base::Json& object, const Managers& managers);

// What `author` changed by an update is theirs alone from then on.
void noteUpdate(Managers& managers, const Author& author, const Comparison& changes,
                const std::string& time);

struct Conflict {
    std::string manager;
    std::string field;
};
struct AppliedIntent {
    base::Json object;
    Managers managers;
    std::vector<Conflict> conflicts;  // with force: none
};
struct ApplyRules {
    bool force = false;
    bool keepsAbandoned = false;  // a planted defect
    bool mergesLists = true;      // false: another
};
// `intent` without status for the main resource, with nothing else for the status.
AppliedIntent applyIntent(const base::Json& live, const base::Json& intent, const Author& author,
                          const ApplyRules& rules, const std::string& time);

// Without what no manager owns: identity and what only the server writes.
base::Json ownable(base::Json object);

}  // namespace test
