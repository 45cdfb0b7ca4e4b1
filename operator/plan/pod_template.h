// What the pods of several tiers have in common, and what a person puts onto them beyond the fields
// of a tier.
//
//   Json pod = plan::proxyPod({.labels = labels, .selector = selector, .user = 99, ...});
//   auto pod = plan::withOverrides(std::move(template_), app.web.overrides, labels);
//   if (!pod) { ... pod.error().message names the field and what is wrong with it }
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "api/scalable_app.h"
#include "base/json.h"
#include "base/result.h"

namespace plan {

inline constexpr const char* kZoneDomain = "topology.kubernetes.io/zone";
inline constexpr const char* kNodeDomain = "kubernetes.io/hostname";

// How long a proxy serves on after it was told to go: until no node leads new connections to it any
// more. On a busy cluster that takes seconds, and whoever comes after it is refused.
inline constexpr int64_t kProxyDrainSeconds = 10;

// Over each of these domains, softly: a pod in a full zone is better than no pod. Every revision by
// itself: what is about to go leaves no gap.
base::Json spreadOver(const std::vector<const char*>& domains, const base::Json& selector);

struct ProxyPod {
    base::Json labels;
    base::Json selector;
    int64_t user = 0;
    int64_t graceSeconds = 0;  // see patience.h
    base::Json container;
    base::Json volumes;
};

// The template of pods that hand requests on: without any right, over zones and nodes, and with
// time to finish what they have.
base::Json proxyPod(ProxyPod pod);

// Of a path of the proxy's own.
base::Json adminProbe(const char* path, int64_t timeout, int64_t period, int64_t failures);

// As patient as with a web pod: a proxy that has too much to do would do nothing while it restarts.
base::Json proxyLiveness();

// `labels` are the operator's own: neither an override nor the patch changes them.
base::Result<base::Json> withOverrides(base::Json podTemplate, const api::Overrides& overrides,
                                       const base::Json& labels);

// Of a proxy's container. What is not given is a choice of ours, unless it would stand against what
// is: a limit is a request as well.
base::Json proxyResources(const api::Resources& given);

}  // namespace plan
