// A pod's state in the word that says most: why a container waits or how it ended, else its phase.
//
//   cli::podState(pod);     // "ImagePullBackOff", "Running", "Terminating"
//   cli::isServing(pod);    // ready and not on its way out
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "base/json_fwd.h"

namespace cli {

std::string podState(const base::Json& pod);
bool isServing(const base::Json& pod);
// Empty: the object has no such label.
std::string labelOf(const base::Json& object, const char* label);

}  // namespace cli
