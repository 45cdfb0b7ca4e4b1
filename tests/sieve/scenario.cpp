#include "sieve/scenario.h"

#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "apiserver/target.h"
#include "kube/transport.h"
#include "reconcile/resources.h"

namespace sieve {
namespace {

using base::Json;
using namespace std::chrono_literals;

// The operator gathers bursts of changes for 100 ms: whoever is silent for longer is done.
constexpr auto kQuiet = 400ms;
constexpr auto kGlance = 20ms;
constexpr auto kPatience = 40s;

const kube::ResourceType kLeases{"coordination.k8s.io", "v1", "leases", "Lease", true};
const kube::ObjectKey kLease{"default", "scalableapp-operator"};
const std::string kPod = "operator-";  // and the replica's number

const kube::ResourceType& deployments() {
    return *reconcile::childType("apps/v1", "Deployment");
}

bool isTime(const std::string& text) {
    return text.size() >= 20 && text[4] == '-' && text[10] == 'T' && text.back() == 'Z';
}

void strip(Json& value) {
    if (value.is_string() && isTime(value.get<std::string>())) {
        value = "a time";
    }
    if (!value.is_structured()) {
        return;
    }
    if (value.is_object()) {
        value.erase("uid");
        value.erase("resourceVersion");
    }
    for (auto& inner : value) {
        strip(inner);
    }
}

std::string collectionIn(const std::string& target) {
    return test::Target(target).plural;
}

// What is not of the application.
bool isAside(const std::string& kind) {
    return kind == "events" || kind == "leases";
}

}  // namespace

std::string Counts::str() const {
    std::string out;
    for (const auto& [kind, n] : created) {
        out += " +" + std::to_string(n) + " " + kind;
    }
    for (const auto& [kind, n] : deleted) {
        out += " -" + std::to_string(n) + " " + kind;
    }
    return out;
}

Scenario::Scenario(const std::string& name, size_t replicas) {
    auto pattern =
        (std::filesystem::temp_directory_path() / ("sieve-" + name + "-XXXXXX")).string();
    if (mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("cannot make " + pattern);
    }
    folder_ = pattern;
    server_ = std::make_shared<test::ApiServer>(
        test::ServerOptions{.seed = 11, .clock = &base::systemClock()});
    // In every run: uids are counted, and the app's goes into what is written.
    server_->put(kLeases,
                 {{"metadata", {{"namespace", kLease.namespace_}, {"name", kLease.name}}}});
    for (size_t i = 0; i < replicas; ++i) {
        add(replicas > 1);
    }
}

void Scenario::add(bool elected) {
    auto number = std::to_string(replicas_.size());
    test::HttpFront::Log log;
    if (elected) {
        log = [this, who = replicas_.size()](const auto& method, const auto& target, int status) {
            check(who, method, target, status);
        };
    }
    Replica made;
    made.front = std::make_unique<test::HttpFront>(server_, std::move(log));
    auto kubeconfig = folder_ + "/kubeconfig-" + number;
    std::ofstream(kubeconfig) << made.front->kubeconfig();
    made.process = std::make_unique<OperatorProcess>(kubeconfig, folder_ + "/log-" + number,
                                                     elected ? kPod + number : "");
    made.process->start();
    replicas_.push_back(std::move(made));
}

Scenario::~Scenario() {
    replicas_.clear();
    std::filesystem::remove_all(folder_);
}

std::string Scenario::log() const {
    std::string out;
    for (const auto& replica : replicas_) {
        out += replica.process->log();
    }
    return out;
}

std::optional<size_t> Scenario::leader() const {
    auto lease = server_->find(kLeases, kLease);
    auto holder = lease ? base::textAt(*lease, "/spec/holderIdentity") : "";
    return holder.starts_with(kPod) ? std::optional(std::stoul(holder.substr(kPod.size())))
                                    : std::nullopt;
}

// The next leader comes long after the end of what the last one may do: there is no race with it.
void Scenario::check(size_t who, const std::string& method, const std::string& target, int status) {
    bool writes = method != "GET" && status >= 200 && status < 300;
    if (!writes || isAside(collectionIn(target))) {
        return;
    }
    bool trespass = leader() != who;
    std::unique_lock lock(mutex_);
    if (trespass) {
        trespasses_.push_back(kPod + std::to_string(who) + " " + method + " " + target);
    }
    bool now = ++reconciled_ == actAfter_;
    lock.unlock();
    if (now) {
        act_();
    }
}

void Scenario::afterReconciled(size_t write, std::function<void()> act) {
    std::lock_guard lock(mutex_);
    actAfter_ = write;
    act_ = std::move(act);
}

std::vector<std::string> Scenario::trespasses() const {
    std::lock_guard lock(mutex_);
    return trespasses_;
}

void Scenario::act(size_t step) {
    life()[step].act(*server_);
}

void Scenario::misbehave(size_t which) {
    auto asItself = kube::makeTransport({.server = replicas_[which].front->url()});
    auto gone = asItself->send(
        {.method = "DELETE", .target = reconcile::childType("v1", "Service")->path(shop())}, {});
    if (!gone) {
        throw std::runtime_error(gone.error().str());
    }
}

void Scenario::kill(size_t which) {
    replica(which).kill();
    replica(which).reap();
    replicas_[which].front->dropConnections();
}

void Scenario::start() {
    replica(0).start();
}

void Scenario::afterWrite(size_t write, std::function<void()> act) {
    server_->afterMutation([write, act = std::move(act)](size_t count) {
        if (count == write) {
            act();
        }
    });
}

// A horizontal autoscaler that sees no load, a Deployment controller whose pods start at once.
bool Scenario::playControllers() {
    bool scaled = scaleDeployments();
    return reportDeployments() || scaled;
}

bool Scenario::scaleDeployments() {
    bool changed = false;
    for (const auto& autoscaler :
         server_->all(*reconcile::childType("autoscaling/v2", "HorizontalPodAutoscaler"))) {
        const kube::ObjectKey key{shop().namespace_,
                                  base::textAt(autoscaler, "/spec/scaleTargetRef/name")};
        auto deployment = server_->find(deployments(), key);
        if (!deployment) {
            continue;
        }
        auto least = base::intAt(autoscaler, "/spec/minReplicas");
        auto most = base::intAt(autoscaler, "/spec/maxReplicas");
        auto now = base::intAt(*deployment, "/spec/replicas").value_or(1);
        auto wanted = std::clamp(now, least.value_or(1), most.value_or(1));
        if (now != wanted) {
            server_->tryToEdit(deployments(), key,
                               [&](Json& object) { object["spec"]["replicas"] = wanted; });
            changed = true;
        }
    }
    return changed;
}

bool Scenario::reportDeployments() {
    auto before = server_->version();
    for (const auto& deployment : server_->all(deployments())) {
        auto replicas = base::intAt(deployment, "/spec/replicas").value_or(1);
        Json status{
            {"observedGeneration", base::intAt(deployment, "/metadata/generation").value_or(1)},
            {"replicas", replicas},
            {"updatedReplicas", replicas},
            {"readyReplicas", replicas},
            {"availableReplicas", replicas},
            {"conditions",
             {{{"type", "Available"}, {"status", "True"}, {"reason", "MinimumReplicasAvailable"}},
              {{"type", "Progressing"},
               {"status", "True"},
               {"reason", "NewReplicaSetAvailable"}}}}};
        server_->tryToEdit(deployments(),
                           {shop().namespace_, base::textAt(deployment, "/metadata/name")},
                           [&](Json& object) { object["status"] = status; });
    }
    return server_->version() != before;
}

bool Scenario::settle() {
    auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
        if (!server_->waitForQuiet(kQuiet)) {
            return false;
        }
        if (!playControllers()) {
            return true;
        }
    }
    return false;
}

bool Scenario::settleAs(const std::string& wanted) {
    return settleWhen([&] { return state() == wanted; });
}

bool Scenario::settleWhen(const std::function<bool()>& holds) {
    auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
        if (replicas_.size() == 1 && replica(0).killed()) {
            kill();
            start();
        }
        server_->waitForQuiet(kGlance);
        if (!playControllers() && holds()) {
            return true;
        }
    }
    return false;
}

bool Scenario::restAs(const std::string& wanted) {
    auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
        if (settle() && state() == wanted) {
            return true;
        }
    }
    return false;
}

bool Scenario::awaitWatching() {
    auto all = (reconcile::childTypes().size() + 1) * replicas_.size();
    return server_->waitFor([&] { return server_->openWatches() >= all; }) &&
           server_->waitForQuiet(kQuiet);
}

std::string Scenario::state() const {
    nlohmann::json out;
    for (const auto& [collection, objects] : server_->everything()) {
        if (isAside(collection.substr(collection.rfind('/') + 1))) {
            continue;
        }
        for (auto object : objects) {
            strip(object);
            // Sorted by name: the order of fields is no difference.
            out[collection][base::stringAt(object, "/metadata/name").value_or("")] =
                nlohmann::json::parse(object.dump());
        }
    }
    return out.dump(1);
}

Counts Scenario::counts() const {
    Counts out;
    for (const auto& request : server_->requests()) {
        auto kind = collectionIn(request.target);
        if (isAside(kind)) {
            continue;
        }
        if (request.status == 201) {
            ++out.created[kind];
        } else if (request.method == "DELETE" && request.status == 200) {
            ++out.deleted[kind];
        }
    }
    return out;
}

std::map<std::string, int> Scenario::events() const {
    std::map<std::string, int> out;
    for (const auto& [collection, objects] : server_->everything()) {
        if (collection.find("/events") == std::string::npos) {
            continue;
        }
        for (const auto& event : objects) {
            ++out[base::stringAt(event, "/reason").value_or("")];
        }
    }
    return out;
}

size_t Scenario::mutations() const {
    return mutationsSince(0).size();
}

std::vector<std::string> Scenario::mutationsSince(size_t first) const {
    std::vector<std::string> out;
    for (const auto& request : server_->requests()) {
        if (request.mutating() && request.status > 0 && request.status < 300) {
            out.push_back(request.method + " " +
                          request.target.substr(0, request.target.find('?')));
        }
    }
    out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(std::min(first, out.size())));
    return out;
}

const Reference& reference() {
    static const Reference kReference = [] {
        Reference out;
        Scenario run("reference");
        run.awaitWatching();
        for (size_t step = 0; step < life().size(); ++step) {
            run.act(step);
            // Twice: one silence could be that of a machine that is busy with something else.
            if (!run.settle() || !run.settle()) {
                out.problem = "the reference run does not settle after: " + life()[step].name;
                return out;
            }
            out.states.push_back(run.state());
            out.versions.push_back(run.server().version());
            out.counts.push_back(run.counts());
        }
        out.events = run.events();
        out.mutations = run.mutations();
        auto all = run.mutationsSince(0);
        out.reconciled =
            static_cast<size_t>(std::count_if(all.begin(), all.end(), [](const auto& one) {
                return one.find("/events") == std::string::npos;
            }));
        return out;
    }();
    return kReference;
}

std::vector<std::string> inParallel(size_t count, const std::function<std::string(size_t)>& job,
                                    size_t atATime) {
    std::vector<std::string> complaints;
    std::mutex mutex;
    std::atomic<size_t> next{0};
    {
        std::vector<std::jthread> threads;
        for (size_t i = 0; i < atATime; ++i) {
            threads.emplace_back([&] {
                for (size_t mine = next++; mine < count; mine = next++) {
                    auto complaint = job(mine);
                    std::lock_guard lock(mutex);
                    if (!complaint.empty()) {
                        complaints.push_back(std::move(complaint));
                    }
                }
            });
        }
    }
    return complaints;
}

std::string difference(const std::string& expected, const std::string& actual) {
    std::istringstream a(expected);
    std::istringstream b(actual);
    std::string left;
    std::string right;
    std::string context;
    while (std::getline(a, left) && std::getline(b, right)) {
        if (left != right) {
            return context + "\n- " + left + "\n+ " + right;
        }
        if (left.find('{') != std::string::npos) {
            context = left;
        }
    }
    return "one ends before the other";
}

}  // namespace sieve
