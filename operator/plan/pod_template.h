// What a person puts onto the pods of a tier beyond its own fields.
//
//   auto pod = plan::withOverrides(std::move(template_), app.web.overrides, labels);
//   if (!pod) { ... pod.error().message names the field and what is wrong with it }
//
// Thread safety: pure functions.
#pragma once

#include "api/scalable_app.h"
#include "base/json.h"
#include "base/result.h"

namespace plan {

// `labels` are the operator's own: neither an override nor the patch changes them.
base::Result<base::Json> withOverrides(base::Json podTemplate, const api::Overrides& overrides,
                                       const base::Json& labels);

// Of a proxy's container. What is not given is a choice of ours, unless it would stand against what
// is: a limit is a request as well.
base::Json proxyResources(const api::Resources& given);

}  // namespace plan
