// What proves who we are, always fresh: token files, certificate files and exec plug-ins are read
// again when they change, expire or are refused.
//
//   Credentials credentials(config, base::systemClock());
//   auto token = credentials.bearer(stop);        // "" when the configuration has none
//   if (status == 401) credentials.refuse(*token);
//
// Thread safety: all members, any thread. Blocking: file reads, and an exec plug-in for at most 60
// s.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "kube/config.h"
#include "kube/exec_plugin.h"

namespace kube {

struct KeyPair {
    std::string certificate;  // PEM, the chain
    std::string key;          // PEM
    bool empty() const { return certificate.empty() && key.empty(); }
    bool operator==(const KeyPair&) const = default;
};

class Credentials {
  public:
    Credentials(const ClusterConfig& config, const base::Clock& clock);

    // The token of the next request; a token file is read at most once a minute. Error: no token
    // can be had, with file or command and remedy.
    base::Result<std::string> bearer(std::stop_token stop);
    // The server said 401 to this token: read anew before the next request.
    void refuse(const std::string& token);
    // For the next connection. Error: files that cannot be read, or are empty. An exec plug-in's
    // pair stays, refused or not, until another takes its place.
    base::Result<KeyPair> keyPair();

  private:
    base::Result<std::string> fileToken();
    base::Result<std::string> execToken(const std::stop_token& stop);
    bool execFresh() const;

    const ClusterConfig config_;
    const base::Clock& clock_;
    std::mutex mutex_;
    std::condition_variable_any execDone_;
    bool execRuns_ = false;  // outside the mutex: connections being made must not wait for it
    std::string fileToken_;
    std::optional<base::SteadyTime> fileTokenUntil_;
    std::optional<ExecCredential> exec_;
    bool execRefused_ = false;
};

// The text of a Material: its data, or its file as it is now.
base::Result<std::string> readMaterial(const Material& material);

}  // namespace kube
