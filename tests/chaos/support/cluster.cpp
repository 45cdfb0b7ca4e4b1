#include "chaos/support/cluster.h"

#include "api/labels.h"
#include "chaos/kinds.h"
#include "chaos/support/samples.h"

namespace chaos::fake {
namespace {

using base::Json;
using base::stringAt;

bool applicationPod(const Json& pod) {
    return base::at(pod, "/metadata/labels/scalableapp.dev~1app") != nullptr;
}

bool operatorPod(const Json& pod) {
    return stringAt(pod, "/metadata/namespace") == "system";
}

// A probe or a step of a run.
bool ownPod(const Json& pod) {
    return !topology::labelOf(pod, probes::kRunLabel).empty();
}

}  // namespace

struct Cluster::Process {
    explicit Process(Cluster& cluster)
        : client(cluster.server, {.fieldManager = "scalableapp-chaos",
                                  .mayWrite = [this] { return leads.load(); },
                                  .observe = {}}),
          schedules(
              client,
              [&cluster](runtime::Event event) { cluster.events.push_back(std::move(event)); },
              cluster.metrics, cluster.clock),
          experiments(
              client,
              [&cluster](runtime::Event event) { cluster.events.push_back(std::move(event)); },
              cluster.clock),
          runs(
              client,
              {.probeImage = "scalableapp:test",
               .site = {.nodes = true,
                        .power = true,
                        .networkPolicies = cluster.enforcesPolicies,
                        .containers = true,
                        .cables = cluster.hasCable,
                        .sharedNodes = cluster.sharesNodes,
                        .operators = true,
                        .operatorNamespace = "system",
                        .podNamespace = kChaosNamespace,
                        .podName = "chaos-0"},
               .drivers = {.power = &cluster.power, .cable = &cluster.cable}},
              [&cluster](runtime::Event event) { cluster.events.push_back(std::move(event)); },
              cluster.metrics, cluster.clock) {}

    std::atomic<bool> leads = true;
    kube::Client client;
    ScheduleReconciler schedules;
    ExperimentReconciler experiments;
    RunReconciler runs;
};

Cluster::Cluster() {
    server->onRequest([this](const kube::HttpRequest& request) { return intercept(request); });
    for (int zone = 1; zone <= 3; ++zone) {
        addNode("node-" + std::to_string(zone), "z" + std::to_string(zone));
    }
}

void Cluster::addNode(const std::string& name, const std::string& zone) {
    server->put(kNodes, {{"metadata", {{"name", name}, {"labels", {{topology::kZoneLabel, zone}}}}},
                         {"spec", {{"podCIDR", "10.0.0.0/24"}}}});
}

Cluster::~Cluster() = default;

bool Cluster::dies() {
    std::lock_guard lock(countsWrites_);
    // What follows the k-th write never reaches the server.
    if (writes == crashAfterWrite) {
        dead_ = true;
        return true;
    }
    ++writes;
    changeLeaderInTime();
    return false;
}

void Cluster::changeLeaderInTime() {
    if (writes == leaderChangesAfterWrite && process_) {
        process_->leads = false;
    }
}

// As people do: the experiment goes, and its runs go after it.
void Cluster::deleteInTime() {
    if (deleteAfterWrite >= 0 && writes >= deleteAfterWrite) {
        deleteAfterWrite = -1;
        auto all = server->all(kChaosExperiments);
        server->drop(kChaosExperiments, {"ns", *stringAt(all.at(0), "/metadata/name")});
    }
}

std::optional<kube::ApiResult<kube::HttpResponse>> Cluster::intercept(
    const kube::HttpRequest& request) {
    deleteInTime();
    if (eachWrite && told_ != writes) {
        told_ = writes;
        eachWrite();
    }
    bool writing = request.method != "GET";
    if (clock.wall() < unreachableUntil) {
        return kube::ApiResult<kube::HttpResponse>(base::failWith(
            kube::ApiError{.kind = kube::ErrorKind::Unreachable, .message = "connection refused"}));
    }
    if (dead_ || (writing && dies())) {
        return kube::ApiResult<kube::HttpResponse>(base::failWith(kube::ApiError{
            .kind = kube::ErrorKind::Unreachable, .message = "the process is dead"}));
    }
    if (!writing && !forbidden.empty() && request.target.find(forbidden) != std::string::npos) {
        return kube::HttpResponse{
            .status = 403,
            .body = R"({"kind":"Status","apiVersion":"v1","reason":"Forbidden"})",
            .retryAfter = "",
            .warnings = {}};
    }
    if (request.target.find("/log?") != std::string::npos) {
        return kube::HttpResponse{
            .status = 200, .body = logOf(request.target), .retryAfter = "", .warnings = {}};
    }
    if (auto answer = evict(request)) {
        return *answer;
    }
    return std::nullopt;
}

std::optional<kube::HttpResponse> Cluster::evict(const kube::HttpRequest& request) {
    auto end = request.target.find("/eviction");
    if (end == std::string::npos) {
        return std::nullopt;
    }
    auto answer = [](int status) {
        return kube::HttpResponse{.status = status,
                                  .body = R"({"kind":"Status","apiVersion":"v1","metadata":{}})",
                                  .retryAfter = "",
                                  .warnings = {}};
    };
    auto begin = request.target.rfind('/', end - 1) + 1;
    kube::ObjectKey key{"ns", request.target.substr(begin, end - begin)};
    if (refuseEvictions > 0) {
        --refuseEvictions;
        return answer(429);
    }
    auto pod = server->find(kPods, key);
    if (!pod || request.body.find(*stringAt(*pod, "/metadata/uid")) == std::string::npos) {
        return answer(pod ? 409 : 404);
    }
    server->drop(kPods, key);
    return answer(201);
}

void Cluster::addNeighbour(const std::string& node, const Json& metadata) {
    Json ready{{"type", "Ready"}, {"status", "True"}};
    server->put(kPods, {{"metadata", metadata},
                        {"spec", {{"nodeName", node}}},
                        {"status", {{"phase", "Running"}, {"conditions", Json::array({ready})}}}});
}

void Cluster::addBudget(const std::string& app, int desiredHealthy) {
    server->put(kDisruptionBudgets,
                {{"metadata",
                  {{"namespace", "ns"},
                   {"name", app + "-web"},
                   {"labels", {{api::kAppLabel, app}, {api::kTierLabel, "web"}}}}},
                 {"status", {{"desiredHealthy", desiredHealthy}}}});
}

void Cluster::addOperators() {
    addNode("node-0", "z0");
    wantedOperators_ = 2;
    clock.advance(std::chrono::milliseconds(0));
    replace();
    replace();
}

std::vector<std::string> Cluster::leftovers() const {
    std::vector<std::string> out(power.off.begin(), power.off.end());
    out.insert(out.end(), cable.off.begin(), cable.off.end());
    for (const auto& node : server->all(kNodes)) {
        auto parsed = topology::parseNode(node);
        if (!parsed.mark.empty() || parsed.unschedulable || !parsed.taints.empty()) {
            out.push_back("mark on " + parsed.name);
        }
    }
    for (const auto& policy : server->all(kNetworkPolicies)) {
        out.push_back("policy " + *stringAt(policy, "/metadata/name"));
    }
    for (const auto& pod : server->all(kPods)) {
        if (ownPod(pod)) {
            out.push_back("pod " + *stringAt(pod, "/metadata/name"));
        }
    }
    return out;
}

void Cluster::addApp(const std::string& name, int replicas, bool optedIn) {
    Json metadata{{"namespace", "ns"}, {"name", name}};
    if (optedIn) {
        metadata["labels"] = {{topology::kOptInLabel, topology::kOptInValue}};
    }
    Json ready{{"type", "Ready"}, {"status", "True"}, {"reason", "Ready"}, {"message", ""}};
    server->put(kScalableApps, {{"metadata", metadata},
                                {"spec", {{"web", {{"image", "shop:1"}, {"replicas", replicas}}}}},
                                {"status", {{"conditions", Json::array({ready})}}}});
    wanted_[name] = replicas;
    for (int i = 0; i < replicas; ++i) {
        addPod(name);
    }
}

void Cluster::addPod(const std::string& app) {
    auto name = app + "-web-" + std::to_string(podNumber_);
    Json ready{{"type", "Ready"}, {"status", "True"}};
    Json running{{"name", "web"},
                 {"state", {{"running", {{"startedAt", base::formatTime(clock.wall())}}}}}};
    auto node = freeNode();
    Json labels{{api::kAppLabel, app}, {api::kTierLabel, "web"}};
    if (namesZones) {
        labels[api::kZoneLabel] = *stringAt(*server->find(kNodes, {"", node}),
                                            "/metadata/labels/topology.kubernetes.io~1zone");
    }
    server->put(kPods, {{"metadata", {{"namespace", "ns"}, {"name", name}, {"labels", labels}}},
                        {"spec",
                         {{"nodeName", node},
                          {"containers", Json::array({{{"name", "web"}, {"image", "shop:1"}}})}}},
                        {"status",
                         {{"phase", "Running"},
                          {"conditions", Json::array({ready})},
                          {"containerStatuses", Json::array({running})}}}});
    ++podNumber_;
}

void Cluster::experiment(const std::string& name, const Json& spec) {
    server->put(
        kChaosExperiments,
        {{"metadata", {{"namespace", "ns"}, {"name", name}, {"generation", 1}}}, {"spec", spec}});
}

std::vector<Json> Cluster::runs() const {
    return server->all(kChaosRuns);
}

// The next one in turn that takes pods.
std::string Cluster::freeNode() const {
    for (int i = 0; i < 3; ++i) {
        auto name = "node-" + std::to_string((podNumber_ + i) % 3 + 1);
        auto node = topology::parseNode(*server->find(kNodes, {"", name}));
        if (!node.unschedulable && power.off.count(name) == 0) {
            return name;
        }
    }
    return "node-1";
}

std::string Cluster::logOf(const std::string& target) {
    auto end = target.find("/log?");
    auto begin = target.rfind('/', end - 1) + 1;
    auto name = target.substr(begin, end - begin);
    auto started = started_.find(name);
    auto pod = server->find(kPods, {"ns", name});
    if (started == started_.end() || !pod) {
        return "";
    }
    int64_t rate = 50;
    int64_t most = 100'000;
    for (const auto& argument : base::arrayAt(*pod, "/spec/containers/0/args")) {
        auto text = argument.get<std::string>();
        auto value = text.substr(text.find('=') + 1);
        if (text.starts_with("--requests-per-second=")) {
            rate = std::stoll(value);
        } else if (text.starts_with("--duration-seconds=")) {
            most = std::stoll(value);
        }
    }
    auto past = clock.wall() - started->second - std::chrono::milliseconds(1100);
    auto count = std::chrono::floor<std::chrono::seconds>(past).count();
    auto ahead = name.ends_with("-step") ? stepClock : std::chrono::seconds(0);
    auto all = series(std::clamp<int64_t>(count, 0, most), rate, started->second + ahead, traffic);
    std::vector<std::string> lines{probe::writeHeader(*all.header)};
    for (auto& second : all.seconds) {
        second.writtenAt += std::chrono::milliseconds(50);
        lines.push_back(probe::writeSecond(second));
    }
    auto tail = target.find("tailLines=");
    wholeLogs += tail == std::string::npos ? 1 : 0;
    auto wanted = tail == std::string::npos ? lines.size() : std::stoul(target.substr(tail + 10));
    std::string out;
    for (auto i = lines.size() - std::min(wanted, lines.size()); i < lines.size(); ++i) {
        out += lines[i] + "\n";
    }
    return out;
}

// Starts it, and lets it end when its time is over.
void Cluster::moveOwnPod(const Json& pod) {
    auto name = *stringAt(pod, "/metadata/name");
    auto phase = stringAt(pod, "/status/phase").value_or("Pending");
    if (phase == "Pending") {
        server->edit(kPods, {"ns", name}, [](Json& one) { one["status"]["phase"] = "Running"; });
        started_[name] = clock.wall();
        return;
    }
    auto lifetime = base::intAt(pod, "/spec/activeDeadlineSeconds").value_or(60) - 60;
    if (phase == "Running" && clock.wall() >= started_[name] + std::chrono::seconds(lifetime)) {
        server->edit(kPods, {"ns", name}, [](Json& one) { one["status"]["phase"] = "Succeeded"; });
    }
}

// As a kubelet: another image name ends the container, and starts it from that.
void Cluster::moveContainers() {
    for (const auto& pod : server->all(kPods)) {
        auto image = stringAt(pod, "/spec/containers/0/image");
        auto& running = images_[*stringAt(pod, "/metadata/uid")];
        if (!applicationPod(pod) || !image || kubeletSleeps) {
            continue;
        }
        if (!running.empty() && running != *image) {
            ++restarts;
            server->edit(kPods, {"ns", *stringAt(pod, "/metadata/name")}, [](Json& one) {
                auto& status = one["status"]["containerStatuses"][0];
                status["restartCount"] = base::intAt(status, "/restartCount").value_or(0) + 1;
                one["status"]["conditions"][0]["status"] = "False";  // until the next look
            });
        }
        running = *image;
    }
}

// The operator's Deployment and its election.
void Cluster::replace() {
    std::vector<std::string> there;
    for (const auto& pod : server->all(kPods)) {
        if (operatorPod(pod)) {
            there.push_back(*stringAt(pod, "/metadata/name"));
        }
    }
    if (static_cast<int>(there.size()) < wantedOperators_) {
        auto name = "operator-" + std::to_string(podNumber_++);
        Json ready{{"type", "Ready"}, {"status", "True"}};
        server->put(kPods,
                    {{"metadata",
                      {{"namespace", "system"},
                       {"name", name},
                       {"labels",
                        {{"app.kubernetes.io/component", "operator"},
                         {topology::kOptInLabel, topology::kOptInValue}}}}},
                     {"spec", {{"nodeName", "node-0"}}},
                     {"status", {{"phase", "Running"}, {"conditions", Json::array({ready})}}}});
        there.push_back(name);
    }
    if (!there.empty()) {
        server->put(kLeases, {{"metadata", {{"namespace", "system"}, {"name", kOperatorLease}}},
                              {"spec", {{"holderIdentity", there[0] + "_0123"}}}});
    }
}

void Cluster::move() {
    std::map<std::string, int> there;
    std::set<std::string> now;
    for (const auto& pod : server->all(kPods)) {
        auto name = *stringAt(pod, "/metadata/name");
        if (applicationPod(pod)) {
            ++there[*stringAt(pod, "/metadata/labels/scalableapp.dev~1app")];
        }
        if (ownPod(pod)) {
            moveOwnPod(pod);
        } else {
            now.insert(name);
        }
    }
    for (const auto& name : known_) {
        if (now.count(name) == 0) {
            deleted.push_back(name);
        }
    }
    known_ = now;
    movePower();
    moveContainers();
    for (const auto& [app, count] : wanted_) {
        if (there[app] >= count) {
            shortSince_.erase(app);
        } else if (clock.wall() - shortSince_.try_emplace(app, clock.wall()).first->second >=
                   std::chrono::seconds(3)) {
            addPod(app);
        }
    }
    replace();
}

bool Cluster::idle() const {
    bool done = true;
    for (const auto& run : runs()) {
        done = done && stringAt(run, "/status/phase") == "Done";
    }
    done = done && leftovers().empty();
    for (const auto& experiment : server->all(kChaosExperiments)) {
        done = done && stringAt(experiment, "/status/lastPhase") == "Done";
    }
    return done;
}

void Cluster::reconcileAll(Process& process, std::chrono::milliseconds& pause) {
    runtime::ReconcileContext context{.stop = {}, .reconcileId = "1", .wrote = {}};
    auto wait = [&](const runtime::Outcome& outcome) {
        if (outcome.kind() == runtime::Outcome::Kind::After) {
            pause = std::min(pause, outcome.pause());
        }
    };
    for (const auto& one : server->all(kChaosSchedules)) {
        wait(process.schedules.reconcile({"ns", *stringAt(one, "/metadata/name")}, context));
    }
    for (const auto& one : server->all(kChaosExperiments)) {
        process.experiments.reconcile({"ns", *stringAt(one, "/metadata/name")}, context);
    }
    for (const auto& one : runs()) {
        wait(process.runs.reconcile({"ns", *stringAt(one, "/metadata/name")}, context));
    }
}

// One look of the process at everything, and what the cluster does meanwhile.
void Cluster::turn() {
    if (process_ && !process_->leads) {
        former_ = std::move(process_);
    }
    if (!process_) {
        process_ = std::make_unique<Process>(*this);
    }
    std::chrono::milliseconds pause{1000};
    if (former_) {
        reconcileAll(*former_, pause);
    }
    reconcileAll(*process_, pause);
    move();
    clock.advance(pause);
    if (eachTurn) {
        eachTurn();
    }
}

void Cluster::drive(int turns) {
    move();
    for (int i = 0; i < turns; ++i) {
        turn();
        if (dead_) {
            process_.reset();
            dead_ = false;
            crashAfterWrite = -1;
            clock.advance(downFor);
        } else if (idle()) {
            return;
        }
    }
}

void Cluster::driveUntil(const std::function<bool()>& condition) {
    move();
    for (int i = 0; i < 2000 && !condition(); ++i) {
        turn();
    }
}

void Cluster::driveUntilDead() {
    driveUntil([this] { return dead_.load(); });
    dead_ = false;
    crashAfterWrite = -1;
    process_.reset();
}

Swept Cluster::sweep(bool all, std::optional<std::chrono::seconds> overdueBy) {
    kube::Client client(server, {.fieldManager = "sweep", .mayWrite = {}, .observe = {}});
    SweepOptions options;
    options.all = all;
    options.overdueBy = overdueBy;
    return Sweep(client, clock, {.power = &power, .cable = &cable}).once(options, {});
}

}  // namespace chaos::fake
