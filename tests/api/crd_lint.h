// What can be read off a CustomResourceDefinition without a cluster: the conventions for API types
// that apply to a schema, one line per breach.
//
//   for (const std::string& breach : lint::lintCrd(crd, text.size())) { ... }
//
// Thread safety: pure function.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/json_fwd.h"

namespace lint {

std::vector<std::string> lintCrd(const base::Json& crd, size_t bytes);

}  // namespace lint
