// Kubernetes quantities ("100m", "64Mi", "1.5") compared by value: the API server writes them back
// in its own way, and a limit is checked against a request.
//
//   api::sameQuantity("1000m", "1");                 // true
//   api::compareQuantities("64Mi", "1G");            // < 0
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>

namespace api {

// In units of 1/1000000000. Empty: the text is no quantity (an exponent form is none here), or it
// is beyond 10^28 of these units.
std::optional<__int128> parseQuantity(const std::string& text);

bool sameQuantity(const std::string& a, const std::string& b);

// -1, 0, 1. Empty: one of them is no quantity.
std::optional<int> compareQuantities(const std::string& a, const std::string& b);

}  // namespace api
