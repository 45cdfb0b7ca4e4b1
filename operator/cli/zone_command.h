// kubectl scalableapp zone drain|undrain NAME ZONE: takes a zone out of service by its weight, and
// brings it back.
//
//   auto patch = cli::drainPatch(app, "z2");      // a merge patch of the ScalableApp
//
// Draining sets the zone's weight to 0 and remembers the one it had in an annotation, for undrain
// to give it back. The patch carries the version it was made of: a change by somebody else in
// between is refused by the server and not lost: the patch is made anew of what is there then.
// Thread safety: the patches are pure functions; the command blocks on two requests and more.
#pragma once

#include <optional>
#include <string>

#include "base/json_fwd.h"
#include "base/result.h"
#include "cli/command.h"

namespace cli {

struct ZoneFlags {
    std::string name;
    std::string zone;
};

// Error: the app names no such zone, or it is the last one that is not drained.
base::Result<base::Json> drainPatch(const base::Json& app, const std::string& zone);
// Error: the app names no such zone.
base::Result<base::Json> undrainPatch(const base::Json& app, const std::string& zone);

int drainCommand(const Globals& globals, const ZoneFlags& flags);
int undrainCommand(const Globals& globals, const ZoneFlags& flags);

}  // namespace cli
