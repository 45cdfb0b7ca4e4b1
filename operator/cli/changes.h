// What applying a ScalableApp would do to a cluster, told for people: which objects, which fields,
// and what that means for running pods.
//
//   cli::Change change = cli::changeOf(intent, &live, cli::Action::Change);
//   change.effect;    // "restarts 3 pods"
//
// Thread safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace cli {

enum class Action { Make, Change, Keep, Remove, Refuse };

struct FieldChange {
    std::string path;  // "spec.template.spec.containers[web].image"
    std::string from;  // compact JSON; empty: not there
    std::string to;
};

struct Change {
    Action action = Action::Keep;
    std::string kind;
    std::string name;
    std::vector<FieldChange> fields;
    std::string effect;  // empty: none worth a word
    bool later = false;  // only when what takes over serves
};

// The number of pods that the spec fixes is no part of an object's intent: it is added here.
void addCount(Change& change, const base::Json& live, int64_t wanted);

// Fields of `intent` that `live` has otherwise; what only `live` has belongs to others.
std::vector<FieldChange> fieldChanges(const base::Json& intent, const base::Json& live);

// `live` is null for Make and given otherwise.
Change changeOf(const base::Json& object, const base::Json* live, Action action);

std::string text(const std::string& app, const std::vector<Change>& changes);
base::Json json(const std::string& app, const std::vector<Change>& changes);

}  // namespace cli
