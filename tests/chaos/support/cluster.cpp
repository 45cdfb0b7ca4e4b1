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

}  // namespace

struct Cluster::Process {
    explicit Process(Cluster& cluster)
        : client(cluster.server,
                 {.fieldManager = "scalableapp-chaos", .mayWrite = {}, .observe = {}}),
          experiments(client, cluster.clock),
          runs(
              client, {.probeImage = "scalableapp:test"},
              [&cluster](runtime::Event event) { cluster.events.push_back(std::move(event)); },
              cluster.metrics, cluster.clock) {}

    kube::Client client;
    ExperimentReconciler experiments;
    RunReconciler runs;
};

Cluster::Cluster() {
    server->onRequest([this](const kube::HttpRequest& request) { return intercept(request); });
    for (int zone = 1; zone <= 3; ++zone) {
        auto name = "node-" + std::to_string(zone);
        server->put(
            kNodes,
            {{"metadata",
              {{"name", name}, {"labels", {{topology::kZoneLabel, "z" + std::to_string(zone)}}}}}});
    }
}

Cluster::~Cluster() = default;

std::optional<kube::ApiResult<kube::HttpResponse>> Cluster::intercept(
    const kube::HttpRequest& request) {
    if (dead_) {
        return kube::ApiResult<kube::HttpResponse>(base::failWith(kube::ApiError{
            .kind = kube::ErrorKind::Unreachable, .message = "the process is dead"}));
    }
    if (request.target.find("/log?") != std::string::npos) {
        return kube::HttpResponse{
            .status = 200, .body = probeLog(), .retryAfter = "", .warnings = {}};
    }
    if (request.method != "GET") {
        // What follows the k-th write never reaches the server.
        if (writes++ == crashAfterWrite) {
            dead_ = true;
            --writes;
            return intercept(request);
        }
    }
    return std::nullopt;
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
    Json running{{"name", "web"}, {"state", {{"running", Json::object()}}}};
    server->put(kPods, {{"metadata",
                         {{"namespace", "ns"},
                          {"name", name},
                          {"labels", {{api::kAppLabel, app}, {api::kTierLabel, "web"}}}}},
                        {"spec", {{"nodeName", "node-" + std::to_string(podNumber_ % 3 + 1)}}},
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

std::string Cluster::probeLog() const {
    if (!probeStarted_) {
        return "";
    }
    auto past = clock.wall() - *probeStarted_ - std::chrono::milliseconds(1100);
    auto count = std::chrono::floor<std::chrono::seconds>(past).count();
    auto all = series(std::max<int64_t>(0, count), 50, *probeStarted_);
    std::string out = probe::writeHeader(*all.header) + "\n";
    for (const auto& second : all.seconds) {
        out += probe::writeSecond(second) + "\n";
    }
    return out;
}

void Cluster::move() {
    std::map<std::string, int> there;
    std::set<std::string> now;
    bool probe = false;
    for (const auto& pod : server->all(kPods)) {
        auto name = *stringAt(pod, "/metadata/name");
        if (applicationPod(pod)) {
            ++there[*stringAt(pod, "/metadata/labels/scalableapp.dev~1app")];
            now.insert(name);
        } else {
            probe = true;
            if (stringAt(pod, "/status/phase") != "Running") {
                server->edit(kPods, {"ns", name},
                             [](Json& one) { one["status"]["phase"] = "Running"; });
                probeStarted_ = clock.wall();
            }
        }
    }
    if (!probe) {
        probeStarted_.reset();
    }
    for (const auto& name : known_) {
        if (now.count(name) == 0) {
            deleted.push_back(name);
        }
    }
    known_ = now;
    for (const auto& [app, count] : wanted_) {
        if (there[app] >= count) {
            shortSince_.erase(app);
        } else if (clock.wall() - shortSince_.try_emplace(app, clock.wall()).first->second >=
                   std::chrono::seconds(3)) {
            addPod(app);
        }
    }
}

bool Cluster::idle() const {
    bool done = true;
    for (const auto& run : runs()) {
        done = done && stringAt(run, "/status/phase") == "Done";
    }
    for (const auto& pod : server->all(kPods)) {
        done = done && applicationPod(pod);
    }
    for (const auto& experiment : server->all(kChaosExperiments)) {
        done = done && stringAt(experiment, "/status/lastPhase") == "Done";
    }
    return done;
}

void Cluster::drive(int turns) {
    move();
    for (int i = 0; i < turns; ++i) {
        if (!process_) {
            process_ = std::make_unique<Process>(*this);
        }
        runtime::ReconcileContext context{.stop = {}, .reconcileId = "1", .wrote = {}};
        for (const auto& one : server->all(kChaosExperiments)) {
            process_->experiments.reconcile({"ns", *stringAt(one, "/metadata/name")}, context);
        }
        std::chrono::milliseconds pause{1000};
        for (const auto& one : runs()) {
            auto outcome =
                process_->runs.reconcile({"ns", *stringAt(one, "/metadata/name")}, context);
            if (outcome.kind() == runtime::Outcome::Kind::After) {
                pause = std::min(pause, outcome.pause());
            }
        }
        if (dead_) {
            process_.reset();
            dead_ = false;
            crashAfterWrite = -1;
            clock.advance(downFor);
        }
        move();
        if (process_ && idle()) {
            return;
        }
        clock.advance(pause);
    }
}

}  // namespace chaos::fake
