// `kubectl scalableapp status NAME [-w]`.
#pragma once

#include <string>

#include "cli/command.h"

namespace cli {

struct StatusFlags {
    std::string name;
    bool watch = false;
};

// Answers the exit code. With `watch` it returns only when the cluster says no.
int statusCommand(const Globals& globals, const StatusFlags& flags);

}  // namespace cli
