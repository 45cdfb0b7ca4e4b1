// Shell completion made from the command line's own description, so that the two cannot disagree.
//
//   std::cout << cli::completionScript(app, "bash");   // source <(kubectl scalableapp completion
//   bash)
//
// Thread safety: pure function.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace cli {

// Completes both `kubectl-scalableapp` and, where the shell allows, `kubectl scalableapp`. `shell`:
// bash, zsh or fish.
std::string completionScript(const CLI::App& app, const std::string& shell);

}  // namespace cli
