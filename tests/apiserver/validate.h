// What the API server refuses because of its content: the few rules that our code can run into.
//
//   if (auto refused = validateCreate(target, object)) { return *refused; }
//
// Thread safety: pure functions.
#pragma once

#include <optional>

#include "apiserver/target.h"
#include "base/json.h"

namespace test {

std::optional<kube::HttpResponse> validateCreate(const Target& target, const base::Json& object);
std::optional<kube::HttpResponse> validateUpdate(const Target& target, const base::Json& object,
                                                 const base::Json& live);
std::optional<kube::HttpResponse> validateApply(const Target& target, const base::Json& intent);

}  // namespace test
