// `kubectl scalableapp chaos run`: runs an experiment anew each time that it is called, tells what
// happens in each of its runs, and judges all of them.
//
//   cli::ChaosCluster cluster{*session->client, "ns", [] { sleep a second; }};
//   return cli::runExperiment(cluster, experiment, globals, false);
//
// It sets another spec.runToken: the spec has another generation then, whose runs the chaos
// controller makes, whether or not anything else is different. Thread safety: none.
#pragma once

#include <functional>
#include <string>

#include "base/json.h"
#include "cli/command.h"
#include "kube/client.h"

namespace cli {

struct ChaosCluster {
    kube::Client& client;
    std::string namespace_;
    std::function<void()> pause;  // between two looks
};

// Answers the exit code: 0 when every run of it, the control run included, is Resilient.
int runExperiment(const ChaosCluster& cluster, base::Json experiment, const Globals& globals,
                  bool noWait);

// Tells what is new on a run's timeline, unless `quiet`, and waits for its end.
kube::ApiResult<base::Json> follow(const ChaosCluster& cluster, const std::string& name,
                                   bool quiet);

// Prints what came of one run; answers the exit code.
int judged(const base::Json& run, const Globals& globals);

// One line on stderr for what could not be read or changed; answers the exit code.
int refuseChaos(const std::string& what, const kube::ApiError& error);

// Whether a run of a generation that is not there is still to come, by what its experiment says.
enum class Coming { Soon, NobodySaw, Never };
struct Outlook {
    Coming coming = Coming::Soon;
    std::string why;  // none comes, or not yet
};
Outlook outlookOf(const base::Json& experiment, int64_t generation);

}  // namespace cli
