// `kubectl scalableapp plan -f FILE [--diff]`: offline the objects, with a cluster the difference.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace cli {

struct PlanFlags {
    std::vector<std::string> files;  // "-" is standard input
    bool diff = false;
};

// Answers the exit code: 1 for an app that breaks a rule, 2 for a file that cannot be read.
int planCommand(const Globals& globals, const PlanFlags& flags);

}  // namespace cli
