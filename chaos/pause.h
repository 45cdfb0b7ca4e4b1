// Holding back what starts runs: a ChaosExperiment or a ChaosSchedule that is annotated
// scalableapp.dev/pause: "true" starts none. The annotation is no part of the spec, so that it
// survives whoever applies that again and again.
//
//   if (chaos::isPaused(experiment)) { start nothing }
//   auto paused = chaos::pauseAll(client, stop);     // `chaos abort --all`
//
// Thread safety: pure, and a client. Blocking: until the API server has answered.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "kube/client.h"

namespace chaos {

struct Paused {
    std::vector<std::string> done;      // for people, with the command that ends it
    std::vector<std::string> problems;  // what may still start something, and why
};

bool isPaused(const base::Json& object);
// Every schedule, and every experiment with runs that are not started yet.
Paused pauseAll(kube::Client& client, const std::stop_token& stop);

}  // namespace chaos
