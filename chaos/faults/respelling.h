// Another name for the same image.
//
//   respelled("shop:1", "sha256:0a1b...")                     // docker.io/library/shop:1
//   respelled("reg.example/shop:1", "reg.example/shop@sha256:0a1b...")
//                                                             // reg.example/shop:1@sha256:0a1b...
//
// A kubelet that finds another image name in a pod ends the container and starts it anew, in the
// same pod. With a name that means the same bytes nothing else changes: that is what ContainerKill
// lives by.
// Thread safety: pure.
#pragma once

#include <optional>
#include <string>

namespace chaos::faults {

// `imageId` as the pod's status has it: what was pulled, or a bare digest. Empty: there is none
// that certainly means the same.
std::optional<std::string> respelled(const std::string& image, const std::string& imageId);

}  // namespace chaos::faults
