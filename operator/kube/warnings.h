// What the API server warns of (deprecated versions, fields it drops), said once.
//
//   logWarnings(response.warnings);
//
// Thread safety: any thread. Blocking: writes to the log.
#pragma once

#include <string>
#include <vector>

namespace kube {

// Logs each text once in the life of the process.
void logWarnings(const std::vector<std::string>& texts);

}  // namespace kube
