// `kubectl scalableapp export cdn|dns NAME`, or from a file without a cluster with -f.
#pragma once

#include <string>

#include "cli/command.h"

namespace cli {

struct ExportFlags {
    std::string name;      // of the ScalableApp; may be empty with a file that has one only
    std::string file;      // empty: asks the cluster
    std::string provider;  // empty: the only one
    std::string host;      // empty: `loadBalancer.host`
    std::string origin;    // empty: "origin." and the host
    std::string target;
};

int exportCdnCommand(const Globals& globals, const ExportFlags& flags);
int exportDnsCommand(const Globals& globals, const ExportFlags& flags);

}  // namespace cli
