// Small text codecs and file reading that the kube layer shares.
//
//   "/api/v1/pods?labelSelector=" + kube::percentEncode("app in (a,b)")
//
// Thread safety: pure functions. Blocking: readFile only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kube {

// Everything but RFC 3986 unreserved characters as %XX: safe in a path segment and in a query.
std::string percentEncode(std::string_view text);

// What is no %XX stays as it is.
std::string percentDecode(std::string_view text);

// Standard alphabet; line breaks and spaces are ignored. nullopt: not base64.
std::optional<std::string> base64Decode(std::string_view text);
std::string base64Encode(std::string_view bytes);

// The whole file. Error: the system's reason only ("No such file or directory").
base::Result<std::string> readFile(const std::string& path);

// The texts of a Warning header: `299 - "text one", 299 - "text two"`.
std::vector<std::string> warningTexts(std::string_view header);

// Without white space at both ends.
std::string_view trim(std::string_view text);

}  // namespace kube
