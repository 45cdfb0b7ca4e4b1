// Unpacks a gzip answer.
//
//   auto text = gunzip(body, 256U << 20U);   // error: no gzip, cut off, or larger than the limit
//
// Thread safety: pure function.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace kube {

base::Result<std::string> gunzip(std::string_view packed, size_t limit);

}  // namespace kube
