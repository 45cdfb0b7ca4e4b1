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
inline const kube::ResourceType kDisruptionBudgets{"policy", "v1", "poddisruptionbudgets",
                                                   "PodDisruptionBudget", true};

// On every ChaosRun: the experiment it is of.
inline constexpr const char* kExperimentLabel = "scalableapp.dev/chaos-experiment";

}  // namespace chaos
