// The words of `kubectl scalableapp chaos`.
//
//   cli::declareChaos(app, line);   // as every other verb: it sets line.action
#pragma once

#include "cli/verbs.h"

namespace cli {

void declareChaos(CLI::App& app, CommandLine& line);

}  // namespace cli
