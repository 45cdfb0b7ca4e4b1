// Mistakes that a test plants to see that the simulation finds them.
#pragma once

namespace simulation {

enum class Defect {
    None,
    ForgetsDirty,        // a change that comes while its key is worked on is dropped
    RunsTwice,           // a second queue hands out the same keys
    SkipsGate,           // a key runs although its own writes have not come back
    Ignores410,          // a watch from a forgotten version goes on as if nothing was missed
    DeletesWithoutUid,   // whatever has that name now goes
    WritesWithoutLease,  // the gate of mutating requests is always open
    ClockSleeps,         // the lease's clock stands still while the process is suspended
    ReleasesTooEarly,    // the lease is given up before the workers have ended
    ForgetsErrors,       // a failed reconcile counts as done
    NoPace,              // a key that answers its own echo runs as often as it comes
    AlwaysWrites,        // the status is written whether it changed or not
    LosesDeletions,      // handlers are not told of objects that are gone
    OverlooksStatus,     // the store misses what changed in a parent's status only
    TellsOldNews,        // handlers are told once more of an object as it was before
    NeverEnds,           // a process that is asked to end goes on watching
};

}  // namespace simulation
