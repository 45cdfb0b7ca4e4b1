// The flag that every verb with something to print has: -o text, json or yaml.
//
//   addOutput(*command, line.globals);
#pragma once

#include "cli/command.h"

namespace CLI {
class App;
}

namespace cli {

// Writes what the user asks for into globals.output; refuses every other word. `globals` has to
// outlive `command`.
void addOutput(CLI::App& command, Globals& globals);

}  // namespace cli
