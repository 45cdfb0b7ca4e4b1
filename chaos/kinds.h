// The kinds of objects a chaos run deals with.
// Thread safety: constants.
#pragma once

#include "kube/resource.h"

namespace chaos {

inline const kube::ResourceType kChaosExperiments{"scalableapp.dev", "v1alpha1", "chaosexperiments",
                                                  "ChaosExperiment", true};
inline const kube::ResourceType kChaosRuns{"scalableapp.dev", "v1alpha1", "chaosruns", "ChaosRun",
                                           true};
inline const kube::ResourceType kScalableApps{"scalableapp.dev", "v1alpha1", "scalableapps",
                                              "ScalableApp", true};
inline const kube::ResourceType kPods{"", "v1", "pods", "Pod", true};
inline const kube::ResourceType kNodes{"", "v1", "nodes", "Node", false};
inline const kube::ResourceType kDeployments{"apps", "v1", "deployments", "Deployment", true};
inline const kube::ResourceType kChaosSchedules{"scalableapp.dev", "v1alpha1", "chaosschedules",
                                                "ChaosSchedule", true};
inline const kube::ResourceType kScalers{"autoscaling", "v2", "horizontalpodautoscalers",
                                         "HorizontalPodAutoscaler", true};
inline const kube::ResourceType kLeases{"coordination.k8s.io", "v1", "leases", "Lease", true};
inline const kube::ResourceType kNetworkPolicies{"networking.k8s.io", "v1", "networkpolicies",
                                                 "NetworkPolicy", true};
inline const kube::ResourceType kDisruptionBudgets{"policy", "v1", "poddisruptionbudgets",
                                                   "PodDisruptionBudget", true};

// On every ChaosRun: the experiment or the schedule it is of.
inline constexpr const char* kExperimentLabel = "scalableapp.dev/chaos-experiment";
inline constexpr const char* kScheduleLabel = "scalableapp.dev/chaos-schedule";
// On a ChaosRun, by people: end it (the value says why), or let it not begin yet ("true"). The
// latter on a ChaosExperiment or a ChaosSchedule: it starts no run meanwhile.
inline constexpr const char* kAbortAnnotation = "scalableapp.dev/abort";
inline constexpr const char* kPauseAnnotation = "scalableapp.dev/pause";
// On a ChaosRun while its fault holds something that has to be given back: it is not gone before
// that.
inline constexpr const char* kHeldFinalizer = "scalableapp.dev/chaos-fault";
// By people, what later runs are compared with. On a ChaosExperiment: the generation whose
// statistics; on a ChaosSchedule: the time until which its runs.
inline constexpr const char* kAcceptAnnotation = "scalableapp.dev/accept";
// The operator's own Lease.
inline constexpr const char* kOperatorLease = "scalableapp-operator";

}  // namespace chaos
