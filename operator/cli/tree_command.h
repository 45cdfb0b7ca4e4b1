// `kubectl scalableapp tree NAME`: every object of the application, under what made it.
#pragma once

#include <string>

#include "cli/command.h"

namespace cli {

struct TreeFlags {
    std::string name;
};

// Answers the exit code.
int treeCommand(const Globals& globals, const TreeFlags& flags);

}  // namespace cli
