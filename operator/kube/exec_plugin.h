// client.authentication.k8s.io/v1: a program that prints a credential.
//
//   auto credential = runExecPlugin(config.exec, config, stop);
//   if (!credential) { ... credential.error().message ... }   // names command, cause, install hint
//
// Thread safety: any thread. Blocking: until the program ends or `stop`, at most a minute.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "kube/config.h"

namespace kube {

struct ExecCredential {
    std::string token;
    std::string clientCertificate;  // PEM
    std::string clientKey;
    std::optional<base::WallTime> expires;  // nullopt: good until refused
};

base::Result<ExecCredential> runExecPlugin(
    const ExecPlugin& plugin, const ClusterConfig& cluster, std::stop_token stop,
    std::chrono::milliseconds timeout = std::chrono::seconds(60));

// The JSON that a plug-in printed, in the version that it was asked for. Error: what is wrong with
// it.
base::Result<ExecCredential> parseExecCredential(const std::string& text,
                                                 const std::string& apiVersion);

}  // namespace kube
