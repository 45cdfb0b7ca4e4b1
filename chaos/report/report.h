// A finished run for people and for programs, all from one ChaosRun and nothing else.
//
//   auto document = report::document(run);     // as chaos/report/schema.json says
//   report::html(document);                    // one page with everything in it, no other file
//   report::junit({document});                 // for a build server
//   report::text(document);                    // for a terminal
//
// Thread safety: pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace chaos::report {

// `run`: the whole ChaosRun as the API server gave it; works for one that is still going on.
base::Json document(const base::Json& run);

std::string html(const base::Json& document);
std::string junit(const std::vector<base::Json>& documents);
std::string text(const base::Json& document);

// The picture alone: load, errors, latency and ready pods over time, with the fault's marks.
std::string timelinePicture(const base::Json& document);

// For text inside of HTML and XML, quotes included.
std::string escaped(const std::string& text);

}  // namespace chaos::report
