// What proves who we are, always fresh: token files, certificate files and exec plug-ins are read
// again when they change, expire or are refused.
//
//   Credentials credentials(config, base::systemClock());
//   auto token = credentials.bearer(stop);        // "" when the configuration has none
//   if (status == 401) credentials.refuse(*token);
//
// An exec plug-in runs once for all who ask, for at most 60 s, and for nobody's sake less: a caller
// may leave, the run goes on for the next, and its outcome, good or bad, is everybody's who waits.
// It runs again shortly before its credential expires, while that one still serves. Our end ends
// it.
//
// Thread safety: all members, any thread. Blocking: file reads, and bearer for an exec plug-in.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

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
    // can be had, with file or command and remedy. `patience`: for an exec plug-in.
    base::Result<std::string> bearer(std::stop_token stop,
                                     std::chrono::milliseconds patience = std::chrono::minutes(1));
    // The server said 401 to this token: read anew before the next request.
    void refuse(const std::string& token);
    // For the next connection. Error: files that cannot be read, or are empty. An exec plug-in's
    // pair stays, refused or not, until another takes its place.
    base::Result<KeyPair> keyPair();

  private:
    base::Result<std::string> fileToken();
    base::Result<std::string> execToken(const std::stop_token& stop,
                                        std::chrono::milliseconds patience);
    bool execFresh() const;
    bool execAges() const;
    void startExec();
    void endExec(base::Result<ExecCredential> made);

    const ClusterConfig config_;
    const base::Clock& clock_;
    std::mutex mutex_;
    std::string fileToken_;
    std::optional<base::SteadyTime> fileTokenUntil_;
    std::optional<ExecCredential> exec_;
    bool execRefused_ = false;
    base::WallTime execRenewAt_{};  // not sooner while it serves
    std::string execFailure_;       // of the last run; empty: it brought exec_
    uint64_t execBegun_ = 0;        // runs
    uint64_t execEnded_ = 0;
    std::condition_variable_any execDone_;
    std::jthread execRun_;  // outside the mutex: connections being made must not wait for it
};

// The text of a Material: its data, or its file as it is now.
base::Result<std::string> readMaterial(const Material& material);

}  // namespace kube
