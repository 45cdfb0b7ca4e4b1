// What a step of a run is decided on, and what it may ask for.
//
//   run::Seen seen = ...observer...;          // of the cluster, now
//   run::Action action = run::KillPod{...};   // every one can be repeated without harm
//
// Thread safety: plain values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/chaos.h"
#include "base/json.h"
#include "chaos/probe/samples.h"
#include "chaos/probes/pod.h"
#include "chaos/run/status.h"
#include "chaos/topology/tenant.h"
#include "chaos/topology/topology.h"

namespace chaos::run {

struct Run {
    std::string namespace_;
    std::string name;
    std::string uid;
    bool deleting = false;
    std::optional<base::WallTime> deletedAt;  // while it is deleting
    std::vector<std::string> finalizers;      // ours (kHeldFinalizer) and those of others
    std::string abort;    // why people want it ended (annotation); empty: they do not
    bool told = false;    // it carries the label by which its application's status tells of it
    bool paused = false;  // annotation: nothing begins while it is set
    api::ChaosExperimentSpec spec;
    bool withoutFault = false;  // spec.control of a run: the same load, no fault
    Status status;

    // Whether its own object waits for what its fault holds.
    bool held() const;
};

// What this chaos process is able and allowed to do where it runs.
struct Site {
    bool nodes = false;            // may mark and cordon nodes
    bool power = false;            // has a power driver
    bool networkPolicies = false;  // people say that the cluster's network enforces them
    bool containers = false;       // may change pods
    bool cables = false;           // has a driver that cuts nodes off
    bool sharedNodes = false;      // experiments may accept that others lose a node along
    bool operators = false;        // may kill pods of the operator
    std::string operatorNamespace;
    std::string podNamespace;  // of this process's own pod; empty: it runs beside the cluster
    std::string podName;
};

// A pod of a run's own, as the API shows it.
struct ProbeSeen {
    std::string uid;  // empty: there is none
    bool running = false;
    bool ended = false;  // Succeeded or Failed
    bool deleting = false;
    std::string problem;  // why it does not run: "ImagePullBackOff: ...", "Unschedulable: ..."
};

struct CreateProbe {
    probes::PodRequest pod;
};
struct RemoveProbe {
    std::string name;
    std::string uid;
};
struct KillPod {
    std::string namespace_;
    std::string name;
    std::string uid;
    std::optional<int64_t> graceSeconds;  // empty: the pod's own
};
struct EvictPod {  // asks the disruption budget first
    std::string namespace_;
    std::string name;
    std::string uid;
    std::optional<int64_t> graceSeconds;
};
struct RestartContainer {  // a JSON patch that tests uid and version
    std::string namespace_;
    std::string name;
    std::string uid;
    base::Json patch;
};
struct PatchNode {  // a merge patch with the version it was decided on
    std::string name;
    base::Json patch;
};
struct SwitchPower {
    std::string node;
    bool on = false;
};
struct SwitchCable {
    std::string node;
    bool on = false;
};
struct CreatePolicy {
    base::Json policy;
};
struct RemovePolicy {
    std::string name;
    std::string uid;
};
struct HoldRun {  // puts our finalizer on the run, or takes it away
    bool on = false;
};
struct UntellRun {};  // takes that label away
using Action =
    std::variant<CreateProbe, RemoveProbe, KillPod, EvictPod, RestartContainer, PatchNode,
                 SwitchPower, SwitchCable, CreatePolicy, RemovePolicy, HoldRun, UntellRun>;

struct ActionResult {
    Action action;
    // Empty: accepted. Otherwise why not, and whether asking again may help.
    std::string error;
    bool transient = false;
};

struct Seen {
    base::WallTime now;
    // This process's last look at the run whose outcome is written down; empty: it knows of none.
    std::optional<base::WallTime> lastLook;
    uint64_t chance = 0;  // for a seed, where none is recorded yet
    Site site;
    std::optional<topology::App> app;  // empty: no such ScalableApp
    std::vector<topology::Pod> pods;   // all of the application
    std::vector<topology::Node> nodes;
    // Everybody on the nodes that were asked about (Needs::tenantsOf), by node.
    std::map<std::string, std::vector<topology::Tenant>> tenants;
    bool tenantsRefused = false;  // asked, and the API server does not show pods of all namespaces
    // Nodes with another chaos process that is ready, where this one is among the tenants.
    std::vector<std::string> standIns;
    std::map<std::string, int64_t> budgets;  // desiredHealthy of disruption budgets, by tier label
    std::map<std::string, int64_t> desired;  // what its Deployments ask for now, by tier label
    std::optional<topology::Scaler> scaler;
    std::vector<topology::Pod> operators;  // of the operator; role "Leader" on the one that leads
    std::string otherRun;                  // a run of the same app that goes first
    ProbeSeen probe;
    ProbeSeen step;                        // the pod of a LoadStep
    std::optional<std::string> policyUid;  // of the run's NetworkPolicy
    std::optional<probe::Series> series;   // empty: could not be read
    std::optional<probe::Series> stepSeries;
    std::optional<probe::Series> tail;  // the last seconds alone, without a header
    std::optional<probe::Series> stepTail;
    std::vector<ActionResult> results;  // of the last step's actions
    // What the API server refuses to show although the phase needs it. Then all else in here but
    // what needsToGiveBack asks for is not known.
    std::string refused;
    bool blind = false;  // not even that: nothing can be seen to be given back
};

// What has to be looked at in this phase; everything else in Seen may stay empty.
struct Needs {
    bool otherRuns = false;
    bool app = false;
    bool pods = false;
    bool capacity = false;  // budgets, desired, scaler
    bool nodes = false;
    std::vector<std::string> tenantsOf;  // nodes
    bool operators = false;
    bool probe = false;
    bool step = false;
    bool policy = false;
    bool series = false;
    bool tail = false;
    bool stepTail = false;
};

}  // namespace chaos::run
