// `kubectl scalableapp chaos run|list|watch|report|accept|abort`.
//
//   chaosRun(globals, {.file = "examples/chaos/pod-kill.yaml"});   // starts it, tells, judges
//   chaosReport(globals, {.name = "pod-kill-1", .format = "html"});
//
// Exit codes: 0 done (run, watch: and every verdict is Resilient), 1 one is not, or the cluster
// said no, 2 wrong usage or unreadable file.
#pragma once

#include <string>

#include "cli/command.h"

namespace cli {

struct ChaosFlags {
    std::string file;
    std::string name;
    std::string experiment;       // of report: all its runs
    std::string format = "text";  // of report: text | json | yaml | html | junit
    std::string why = "by hand";
    bool all = false;
    bool schedule = false;  // of accept: the name is a ChaosSchedule's
    bool noWait = false;
};

int chaosRun(const Globals& globals, const ChaosFlags& flags);
int chaosList(const Globals& globals, const ChaosFlags& flags);
int chaosWatch(const Globals& globals, const ChaosFlags& flags);
int chaosReport(const Globals& globals, const ChaosFlags& flags);
int chaosAccept(const Globals& globals, const ChaosFlags& flags);
int chaosAbort(const Globals& globals, const ChaosFlags& flags);

}  // namespace cli
