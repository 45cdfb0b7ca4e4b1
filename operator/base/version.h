// The version that --version, the User-Agent and the metrics name.
#pragma once

#include <string>

namespace base {

// "0.1.0"
std::string version();

}  // namespace base
