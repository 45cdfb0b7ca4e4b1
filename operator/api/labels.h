// The labels that every child of a ScalableApp carries: what selects, indexes and finds them.
//
//   options.labelSelector = std::string(api::kAppLabel) + "=" + app.name;
#pragma once

namespace api {

inline constexpr const char* kAppLabel = "scalableapp.dev/app";
inline constexpr const char* kTierLabel = "scalableapp.dev/tier";
inline constexpr const char* kZoneLabel = "scalableapp.dev/zone";
inline constexpr const char* kRoleLabel = "scalableapp.dev/role";

// On a ChaosRun until it is over: the app that it is of.
inline constexpr const char* kChaosLabel = "scalableapp.dev/chaos-running";

}  // namespace api
