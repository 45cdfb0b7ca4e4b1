#include "runtime/manager.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "runtime/alarm.h"
#include "runtime/boot_clock.h"

namespace runtime {
namespace {

using namespace std::chrono_literals;

// After a lost lease nothing may be waited for: what is not gone by then is cut off.
constexpr auto kLostLimit = 2s;
// After the grace: for reconciles to notice that they are to end, events, the lease's release.
constexpr auto kGoodbyeLimit = 5s;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string ownNamespace(const kube::ClusterConfig& cluster) {
    auto name = environment("POD_NAMESPACE");
    if (name.empty()) {
        std::ifstream file("/var/run/secrets/kubernetes.io/serviceaccount/namespace");
        std::getline(file, name);
    }
    return name.empty() ? cluster.defaultNamespace : name;
}

// "https://10.0.0.1:6443/prefix" -> "10.0.0.1:6443"
std::string hostOf(const std::string& server) {
    auto begin = server.find("//");
    auto host = begin == std::string::npos ? server : server.substr(begin + 2);
    return host.substr(0, host.find('/'));
}

std::string ownName() {
    auto name = environment("POD_NAME");
    std::array<char, 256> host{};
    if (name.empty() && gethostname(host.data(), host.size() - 1) == 0) {
        name = host.data();
    }
    return name.empty() ? "unknown" : name;
}

// Unique even where two processes share a host name, and after a restart in the same pod.
std::string newIdentity() {
    std::random_device random;
    static const char* digits = "0123456789abcdef";
    std::string id = ownName() + "_";
    for (int i = 0; i < 16; ++i) {
        id += digits[random() & 15U];
    }
    return id;
}

// The signals that end the process, as something to poll.
class Signals {
  public:
    Signals() {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        pthread_sigmask(SIG_BLOCK, &set, &before_);
        file_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    }
    ~Signals() {
        close(file_);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    int file() const { return file_; }
    bool received() const {
        signalfd_siginfo info;
        return read(file_, &info, sizeof info) == sizeof info;
    }

  private:
    sigset_t before_{};
    int file_;
};

class Wakeup {
  public:
    Wakeup() : file_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    ~Wakeup() { close(file_); }
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;

    int file() const { return file_; }
    void ring() const {
        uint64_t one = 1;
        [[maybe_unused]] auto written = write(file_, &one, sizeof one);
    }
    void clear() const {
        uint64_t count = 0;
        [[maybe_unused]] auto got = read(file_, &count, sizeof count);
    }

  private:
    int file_;
};

// Whether the informer may see objects of the scope: a plural, or a plural, '/' and a namespace.
bool covers(const InformerOptions& informer, const std::string& scope) {
    const size_t slash = scope.find('/');
    return informer.type.plural == scope.substr(0, slash) &&
           (slash == std::string::npos || informer.namespace_.empty() ||
            informer.namespace_ == scope.substr(slash + 1));
}

}  // namespace

struct Manager::Impl {
    explicit Impl(ManagerOptions theOptions);

    kube::ClientOptions clientOptions();
    void serve();
    ServerResponse ready() const;
    bool reached(const std::string& scope, const std::string& version) const;
    std::string hungReconcile();
    std::string missing() const;
    bool keepGoing(std::chrono::milliseconds patience = -1ms);
    void tellOfProgress();
    bool awaitSync();
    void lead();
    void awaitEnd();
    void stopAll();
    Alarm::Bell deadline(std::chrono::milliseconds limit);

    ManagerOptions options;
    Signals signals;
    Wakeup wakeup;
    const base::Clock& clock = base::systemClock();
    Metrics metrics;
    std::shared_ptr<ServerHealth> health = std::make_shared<ServerHealth>();
    std::shared_ptr<kube::Transport> transport;
    kube::Client ungated;  // the elector's: it writes without the lease, to get it
    std::unique_ptr<LeaderElector> elector;
    kube::Client gated;
    std::unique_ptr<EventRecorder> events;
    HttpServer http;
    std::shared_ptr<Alarm> alarm = std::make_shared<Alarm>(clock);  // of all informers
    std::vector<std::unique_ptr<Informer>> informers;
    std::vector<std::unique_ptr<Controller>> controllers;
    std::atomic<bool> saidHung{false};
    std::vector<std::function<void(std::stop_token)>> tasks;
    std::vector<std::jthread> taskThreads;
    std::atomic<bool> ending{false};
    std::atomic<bool> started{false};
    std::atomic<bool> lost{false};
    bool failed = false;  // to start
    Alarm lastAlarm{clock};
    Alarm::Bell lostBell;  // of the elector's thread, until that is joined
};

Manager::Impl::Impl(ManagerOptions theOptions)
    : options(std::move(theOptions)),
      transport(options.transport ? options.transport : kube::makeTransport(options.cluster)),
      ungated(transport, clientOptions()),
      gated(transport, [this] {
          auto gatedOptions = clientOptions();
          gatedOptions.mayWrite = [this] { return elector == nullptr || elector->holds(); };
          return gatedOptions;
      }()) {
    metrics.setHost(hostOf(options.cluster.server));
    auto& leader = options.leader;
    if (leader.lease.namespace_.empty()) {
        leader.lease.namespace_ =
            options.leaseNamespace.empty() ? ownNamespace(options.cluster) : options.leaseNamespace;
    }
    if (leader.lease.name.empty()) {
        leader.lease.name = options.name;
    }
    if (leader.identity.empty()) {
        leader.identity = newIdentity();
    }
    if (options.leaderElection) {
        elector = std::make_unique<LeaderElector>(ungated, leader, bootClock(), metrics);
    }
    events = std::make_unique<EventRecorder>(
        gated, options.reportingController.empty() ? options.name : options.reportingController,
        ownName(), clock, &metrics);
}

kube::ClientOptions Manager::Impl::clientOptions() {
    kube::ClientOptions out;
    out.fieldManager = options.name;
    out.observe = [this](const kube::RequestInfo& info) {
        metrics.request(info);
        if (info.httpStatus != 0) {
            health->reached();
        }
    };
    return out;
}

void Manager::Impl::serve() {
    http.handle("/healthz", [this](const ServerRequest&) -> ServerResponse {
        if (elector != nullptr && !elector->healthy()) {
            return {503, "leader election: the lease ran out without a renewal\n"};
        }
        auto hung = hungReconcile();
        return hung.empty() ? ServerResponse{200, "ok\n"} : ServerResponse{503, hung + "\n"};
    });
    http.handle("/readyz", [this](const ServerRequest&) { return ready(); });
    http.handle("/metrics", [this](const ServerRequest&) -> ServerResponse {
        return {200, metrics.text(), "text/plain; version=0.0.4; charset=utf-8"};
    });
}

// The lease of such a process is renewed all the same: nobody else would take over from it.
std::string Manager::Impl::hungReconcile() {
    for (const auto& controller : controllers) {
        if (auto key = controller->hung()) {
            if (!saidHung.exchange(true)) {
                base::logError(
                    "a reconcile does not end although it was asked to; "
                    "this process has to be started anew",
                    {{"key", key->str()}});
            }
            return "hung: the reconcile of " + key->str();
        }
    }
    return "";
}

// The kinds without a first list, one a line.
std::string Manager::Impl::missing() const {
    std::string out;
    for (const auto& informer : informers) {
        if (!informer->store().synced()) {
            out += "not synced: " + informer->options().name() + "\n";
        }
    }
    return out;
}

ServerResponse Manager::Impl::ready() const {
    auto what = missing();
    return what.empty() ? ServerResponse{200, "ok\n"} : ServerResponse{503, what};
}

// One that has it is enough: to another of the same kind the write may never come.
bool Manager::Impl::reached(const std::string& scope, const std::string& version) const {
    bool awaited = false;
    for (const auto& informer : informers) {
        if (covers(informer->options(), scope)) {
            if (kube::atLeast(informer->store().resourceVersion(), version)) {
                return true;
            }
            awaited = true;
        }
    }
    return !awaited;
}

// Sleeps until something happens or the patience ends (negative: never). False when the process is
// to end.
bool Manager::Impl::keepGoing(std::chrono::milliseconds patience) {
    std::array<pollfd, 2> files{{{signals.file(), POLLIN, 0}, {wakeup.file(), POLLIN, 0}}};
    if (!ending && !lost) {
        poll(files.data(), files.size(), static_cast<int>(patience.count()));
    }
    wakeup.clear();
    if (signals.received()) {
        base::logInfo("asked to stop by a signal");
        ending = true;
    }
    return !ending && !lost;
}

void Manager::Impl::tellOfProgress() {
    for (const auto& informer : informers) {
        for (const auto& controller : controllers) {
            informer->onProgress([to = controller.get(), plural = informer->type().plural] {
                to->viewMoved(plural);
            });
        }
    }
}

bool Manager::Impl::awaitSync() {
    auto end = clock.steady() + options.startTimeout;
    bool said = false;
    for (auto what = missing(); !what.empty(); what = missing()) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock.steady());
        if (!said && left <= 0ms) {
            said = true;
            std::replace(what.begin(), what.end(), '\n', ' ');
            base::logError(
                "no first list in time: is the definition there, and may this account list and "
                "watch it?",
                {{"missing", what}});
            failed = options.startOrExit;
        }
        if (failed || !keepGoing(said ? -1ms : left)) {
            return false;
        }
    }
    return true;
}

void Manager::Impl::lead() {
    base::logInfo("leading", {{"name", options.name}});
    for (const auto& controller : controllers) {
        controller->start();
    }
    for (const auto& task : tasks) {
        taskThreads.emplace_back([&task](std::stop_token stop) { task(std::move(stop)); });
    }
}

void Manager::Impl::awaitEnd() {
    if (elector == nullptr) {
        lead();
    } else {
        elector->start(
            [this] {
                started = true;
                wakeup.ring();
            },
            [this] {
                lost = true;
                // In the midst of a drain, too: what still runs may not write any more, and is not
                // waited for.
                lostBell = deadline(kLostLimit);
                for (const auto& controller : controllers) {
                    controller->beginStop({});
                }
                wakeup.ring();
            });
    }
    while (keepGoing()) {
        if (started.exchange(false)) {
            lead();
        }
    }
}

Alarm::Bell Manager::Impl::deadline(std::chrono::milliseconds limit) {
    return lastAlarm.at(clock.steady() + limit, [] {
        base::logError("could not stop in time; cut off");
        std::_Exit(1);
    });
}

void Manager::Impl::stopAll() {
    auto grace = lost ? std::chrono::milliseconds::zero() : options.grace;
    for (const auto& controller : controllers) {
        controller->beginStop(grace);
    }
    for (auto& thread : taskThreads) {
        thread.request_stop();
    }
    taskThreads.clear();
    for (const auto& controller : controllers) {
        controller->stop();
    }
    for (const auto& informer : informers) {
        informer->stop();
    }
    events.reset();
    if (elector != nullptr) {
        elector->stop(!lost);
    }
    http.stop();
}

Manager::Manager(ManagerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
    impl_->serve();
}

Manager::~Manager() {
    impl_->ending = true;
    impl_->stopAll();
}

Informer& Manager::informer(const InformerOptions& options) {
    auto& informer = impl_->informers.emplace_back(std::make_unique<Informer>(
        impl_->gated, options, impl_->clock, impl_->metrics, impl_->alarm));
    informer->share(impl_->health);
    informer->onSynced([impl = impl_.get()] { impl->wakeup.ring(); });
    return *informer;
}

Controller& Manager::controller(const std::string& name, ControllerOptions options,
                                ReconcileFunction reconcile) {
    if (!options.reached) {
        options.reached = [impl = impl_.get()](const std::string& scope,
                                               const std::string& version) {
            return impl->reached(scope, version);
        };
    }
    return *impl_->controllers.emplace_back(std::make_unique<Controller>(
        name, std::move(options), impl_->metrics, impl_->clock, std::move(reconcile)));
}

void Manager::whileLeading(std::function<void(std::stop_token stop)> task) {
    impl_->tasks.push_back(std::move(task));
}

kube::Client& Manager::client() {
    return impl_->gated;
}
EventRecorder& Manager::events() {
    return *impl_->events;
}
Metrics& Manager::metrics() {
    return impl_->metrics;
}
HttpServer& Manager::http() {
    return impl_->http;
}
const base::Clock& Manager::clock() const {
    return impl_->clock;
}

int Manager::run() {
    auto problem = impl_->options.leaderElection ? impl_->options.leader.problem() : "";
    if (!problem.empty()) {
        base::logError(problem);
        return 2;
    }
    auto port = impl_->http.listen(impl_->options.listenAddress, impl_->options.listenPort);
    if (!port) {
        base::logError(port.error().message);
        return 1;
    }
    base::logInfo("serving probes and metrics",
                  {{"address", impl_->options.listenAddress + ":" + std::to_string(*port)}});
    impl_->tellOfProgress();
    for (const auto& informer : impl_->informers) {
        informer->start();
    }
    if (impl_->awaitSync()) {
        base::logInfo("synced", {{"name", impl_->options.name}});
        impl_->awaitEnd();
    }
    auto cutOff = impl_->deadline(impl_->options.grace + kGoodbyeLimit);
    impl_->stopAll();
    impl_->lostBell.reset();
    bool lost = impl_->lost;
    bool failed = impl_->failed;
    base::logInfo("stopped", {{"reason", lost     ? "lease lost"
                                         : failed ? "could not start"
                                                  : "asked to"}});
    return lost || failed ? 1 : 0;
}

void Manager::shutdown() {
    impl_->ending = true;
    impl_->wakeup.ring();
}

}  // namespace runtime
