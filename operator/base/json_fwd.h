// The name of the JSON type without its (heavy) definition: include this in headers, base/json.h in
// sources.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace base {
template <class Key, class T, class IgnoredLess, class IgnoredAllocator>
struct OrderedMap;
using Json = nlohmann::basic_json<OrderedMap>;
class JsonOutline;
}  // namespace base
