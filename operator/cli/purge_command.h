// `kubectl scalableapp purge NAME`: no edge gives out anything that it kept before; waits until all
// have said so.
//
//   auto patch = cli::purgePatch(app, token);
//   cli::PurgeProgress progress = cli::purgeProgress(app, generation);    // until progress.done
//
// Thread safety: pure functions, but for the command (blocks until it is done or the time is over).
#pragma once

#include <cstdint>
#include <string>

#include "base/json_fwd.h"
#include "base/result.h"
#include "cli/command.h"

namespace cli {

struct PurgeFlags {
    std::string name;
    int64_t timeoutSeconds = 120;
};

struct PurgeProgress {
    bool done = false;
    std::string text;  // "4 of 6 edges on epoch 5e8d..."
    std::string epoch;
};

// Error: it has no edges, or nobody takes care of it.
base::Result<base::Json> purgePatch(const base::Json& app, const std::string& token);

// Where the app stands, `generation` being that of the purge.
PurgeProgress purgeProgress(const base::Json& app, int64_t generation);

int purgeCommand(const Globals& globals, const PurgeFlags& flags);

}  // namespace cli
