// The name of the JSON type without its (heavy) definition: include this in headers, base/json.h in
// sources.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace base {
using Json = nlohmann::ordered_json;
}
