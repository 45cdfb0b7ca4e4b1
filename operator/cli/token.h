// A value for a field whose only meaning is that it has changed: a purge, another run.
//
//   patch["spec"]["cdn"]["purgeToken"] = cli::freshToken();   // "2026-01-31T12:00:00Z-123456"
//
// Thread safety: from any thread.
#pragma once

#include <string>

namespace cli {

// Different for two calls within a second, too.
std::string freshToken();

}  // namespace cli
