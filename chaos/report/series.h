// All runs of one generation of an experiment together: for people, and for a build server as one
// file.
//
//   auto all = report::seriesDocument(experiment, runs);   // statistics, and each run's document
//   report::seriesText(all);                               // for a terminal
//   report::junit(report::documentsOf(all));
//
// Thread safety: pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace chaos::report {

// `experiment` and `runs` as the API server gave them; runs of other generations are left out, the
// others are put in their order.
base::Json seriesDocument(const base::Json& experiment, std::vector<base::Json> runs);
std::string seriesText(const base::Json& series);
std::vector<base::Json> documentsOf(const base::Json& series);

}  // namespace chaos::report
