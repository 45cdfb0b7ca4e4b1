// What `kubectl scalableapp chaos report|accept|abort` do with the objects of a cluster.
//
//   cli::reportSeries(cluster, "pod-kill", "junit");   // all runs of its generation, as one file
//   cli::acceptStatistics(cluster, "pod-kill");
//   cli::abortRun(cluster.client, {"ns", "pod-kill-1"}, "by hand");
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
int acceptStatistics(const ChaosCluster& cluster, const std::string& experiment);
// All runs of a schedule up to now.
int acceptSchedule(const ChaosCluster& cluster, const std::string& schedule);

kube::ApiResult<void> abortRun(kube::Client& client, const kube::ObjectKey& key,
                               const std::string& why);
int abortOne(const ChaosCluster& cluster, const std::string& name, const std::string& why);

}  // namespace cli
