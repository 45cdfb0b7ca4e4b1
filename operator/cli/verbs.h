// Every verb of the plugin: its words, its flags and what it does. A new verb is one function in
// verbs.cpp.
//
//   CLI::App app(...);
//   cli::CommandLine line;
//   cli::declareVerbs(app, line);
//   app.parse(argc, argv);
//   return line.action();
//
// Thread safety: from one thread. `line` has to outlive `app`.
#pragma once

#include <functional>

#include "cli/command.h"

namespace CLI {
class App;
}

namespace cli {

struct CommandLine {
    Globals globals;
    std::function<int()> action;  // set by the verb that was typed; answers the exit code
};

void declareVerbs(CLI::App& app, CommandLine& line);

}  // namespace cli
