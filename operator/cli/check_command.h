// `kubectl scalableapp check [--pre]`: one line for each thing that has to be as it is needed.
#pragma once

#include "cli/command.h"

namespace cli {

struct CheckFlags {
    bool pre = false;  // before an installation: only what it needs
};

// Answers the exit code: 1 when something is bad, warnings aside.
int checkCommand(const Globals& globals, const CheckFlags& flags);

}  // namespace cli
