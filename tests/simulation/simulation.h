// One run: a cluster with people in it, one or two operator processes, a network with faults, all
// of it drawn from the seed; then calm, and the checks.
//
//   auto result = simulate({.seed = 42});
//   EXPECT_TRUE(result.violations.empty()) << result.story();
//
// What must hold in every run:
// - one key is never reconciled twice at once, nor before its own writes have come back
// - no write is applied unless its sender is the holder in the lease at that moment
// - no object is deleted but the one that was meant, told by its UID
// - handlers are told of an object's versions in order
// - once the faults have ended, the cluster becomes what the parents ask for (no lost change)
// - then nothing is written any more, not even after every watch has begun anew
// - every store holds what the server has, whether it came by watches or by a list
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulation/defect.h"

namespace simulation {

struct RunOptions {
    uint64_t seed = 0;
    Defect defect = Defect::None;
    bool traced = false;
};

struct RunResult {
    uint64_t seed = 0;
    std::vector<std::string> violations;
    std::vector<std::string> trace;
    uint64_t digest = 0;  // equal runs have equal ones
    // What happened, so that a test can see that faults did happen.
    size_t writes = 0;
    size_t terms = 0;     // times the lease changed hands
    size_t restarts = 0;  // of processes
    size_t relists = 0;   // after the first list of each store
    double seconds = 0;   // of simulated time

    std::string story() const;
};

RunResult simulate(const RunOptions& options);

}  // namespace simulation
