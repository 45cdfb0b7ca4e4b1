// `kubectl scalableapp pause NAME` and `resume NAME`: whether the operator takes care of it.
#pragma once

#include <string>

#include "cli/command.h"

namespace cli {

struct PauseFlags {
    std::string name;
};

// Both answer the exit code; doing again what is done already is no error.
int pauseCommand(const Globals& globals, const PauseFlags& flags);
int resumeCommand(const Globals& globals, const PauseFlags& flags);

}  // namespace cli
