// What `kubectl scalableapp chaos report|accept|abort` do with the objects of a cluster.
//
//   cli::reportSeries(cluster, "pod-kill", "junit");   // all runs of its generation, as one file
//   cli::acceptStatistics(cluster, "pod-kill", "text");
//   cli::abortOne(cluster, "pod-kill-1", "by hand", "json");
//
// Answer the exit code, and say on stderr what went wrong.
// Thread safety: none.
#pragma once

#include <string>

#include "cli/chaos_run.h"

namespace cli {

// `format`: text | json | yaml | junit, of one run also html.
int reportRun(const ChaosCluster& cluster, const std::string& name, const std::string& format);
int reportSeries(const ChaosCluster& cluster, const std::string& experiment,
                 const std::string& format);

// `output`: text | json | yaml.
int acceptStatistics(const ChaosCluster& cluster, const std::string& experiment,
                     const std::string& output);
// All runs of a schedule up to now.
int acceptSchedule(const ChaosCluster& cluster, const std::string& schedule,
                   const std::string& output);
int abortOne(const ChaosCluster& cluster, const std::string& name, const std::string& why,
             const std::string& output);
// Everywhere: nothing is started any more, the runs are asked to end, and what faults left is taken
// back from here, in case that no chaos controller is there to do it. Nodes without power or
// network are for the controller, which has the switches: it is waited for up to 20 times
// `cluster.pause`.
int abortAll(const ChaosCluster& cluster, const std::string& why, const std::string& output);

}  // namespace cli
