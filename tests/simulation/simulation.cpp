#include "simulation/simulation.h"

#include <memory>
#include <utility>

#include "base/json.h"
#include "simulation/cluster.h"
#include "simulation/kinds.h"
#include "simulation/process.h"

namespace simulation {
namespace {

using namespace std::chrono_literals;

// Retries come after at most five minutes, a half-open watch is given up after ten.
constexpr auto kCalmLimit = 20min;

class Run {
  public:
    explicit Run(const RunOptions& options);
    RunResult go();

  private:
    struct Place {  // of a process: whoever is in it is followed by another
        std::unique_ptr<Process> process;
        int starts = 0;
    };

    void fill();
    void forecast(World::Duration storm);
    void weather();
    void keepRunning();
    void startIn(size_t place);
    void converge();
    void compareStores();
    void compareWithList();
    void compare(const std::string& who, const runtime::Store& store,
                 const kube::ResourceType& type);
    void rest();
    void end();

    const RunOptions options_;
    World world_;
    test::ApiServer server_;
    Network network_;
    Cluster cluster_;
    ProcessOptions process_;
    std::vector<Place> places_;
    std::vector<std::unique_ptr<Process>> past_;
    bool storm_ = true;
    bool closing_ = false;
    size_t restarts_ = 0;
};

Run::Run(const RunOptions& options)
    : options_(options),
      world_(options.seed, options.traced),
      server_({.seed = options.seed, .clock = &world_}),
      network_(world_, server_),
      cluster_(world_, network_) {
    process_.election = world_.chance(0.6);
    process_.workers = 1 + static_cast<int>(world_.below(3));
    process_.streamedLists = world_.chance(0.7);
    process_.defect = options.defect;
    if (options.defect == Defect::Ignores410) {
        server_.plant(test::Defect::ExpiredAsEmpty);
    }
    if (process_.election) {
        network_.lease = {kNamespace, "operator"};
    }
    places_.resize(process_.election ? 2 : 1);
}

RunResult Run::go() {
    auto storm = process_.election ? world_.between(30s, 70s) : world_.between(5s, 30s);
    fill();
    forecast(storm);
    for (size_t i = 0; i < places_.size(); ++i) {
        startIn(i);
    }
    keepRunning();
    world_.run(storm);
    storm_ = false;
    network_.faults = {};
    network_.outage = false;
    world_.trace("--- calm");
    cluster_.tidy();
    converge();
    if (world_.violations().empty()) {
        rest();
    }
    end();
    RunResult result;
    result.seed = options_.seed;
    result.violations = world_.violations();
    result.trace = world_.lines();
    result.digest = world_.digest();
    result.writes = network_.writes();
    if (auto lease = server_.find(kLeases, network_.lease)) {
        result.terms =
            static_cast<size_t>(base::intAt(*lease, "/spec/leaseTransitions").value_or(0));
    }
    result.restarts = restarts_;
    result.seconds = std::chrono::duration<double>(world_.steady().time_since_epoch() - 1h).count();
    return result;
}

void Run::fill() {
    for (uint64_t i = world_.below(4); i > 0; --i) {
        cluster_.act();
    }
}

void Run::forecast(World::Duration storm) {
    network_.faults = Faults::drawn(world_);
    for (uint64_t i = 5 + world_.below(15); i > 0; --i) {
        world_.later(world_.between(0ms, storm), [this] { cluster_.act(); });
    }
    for (uint64_t i = world_.below(10); i > 0; --i) {
        world_.later(world_.between(0ms, storm), [this] { weather(); });
    }
    // What people do while the operator is at it is where the races are.
    double busybodies = world_.chance(0.5) ? 0.3 * world_.fraction() : 0;
    network_.onWrite = [this, busybodies] {
        if (storm_ && world_.chance(busybodies)) {
            world_.later(world_.between(0ms, 40ms), [this] {
                if (storm_) {
                    cluster_.act();
                }
            });
        }
    };
}

void Run::weather() {
    auto& place = places_[world_.below(places_.size())];
    switch (world_.below(9)) {
        case 0:
            world_.trace("an outage begins");
            network_.outage = true;
            world_.later(world_.between(1s, 40s), [this] {
                world_.trace("the outage ends");
                network_.outage = false;
            });
            return;
        case 1:
        case 2:
            server_.compact();
            network_.changed();
            world_.trace("history is compacted @" + server_.version());
            return;
        case 3:
            server_.bookmark();
            network_.changed();
            return;
        case 4:
            return place.process ? place.process->crash() : void();
        case 5:
            // In the midst of work: that is when an end is hard.
            cluster_.act();
            cluster_.act();
            world_.later(world_.between(0ms, 100ms), [&place] {
                if (place.process) {
                    place.process->terminate();
                }
            });
            return;
        case 6:
            return place.process ? place.process->suspend(world_.between(1s, 30s)) : void();
        case 7:
            return place.process ? place.process->jumpWall(world_.between(-10min, 10min)) : void();
        default:
            network_.faults = Faults::drawn(world_);
    }
}

// As a kubelet: what has ended is started again.
void Run::keepRunning() {
    for (size_t i = 0; i < places_.size(); ++i) {
        if (!closing_ && places_[i].process && places_[i].process->ended()) {
            past_.push_back(std::move(places_[i].process));
            ++restarts_;
            startIn(i);
        }
    }
    world_.later(500ms, [this] {
        if (!closing_) {
            keepRunning();
        }
    });
}

void Run::startIn(size_t place) {
    world_.later(world_.between(0s, 2s), [this, place] {
        auto& at = places_[place];
        auto name = "p" + std::to_string(place) + "." + std::to_string(++at.starts);
        at.process = std::make_unique<Process>(world_, network_, name, process_);
        at.process->start();
    });
}

void Run::converge() {
    auto end = world_.steady() + kCalmLimit;
    std::string wrong = "not looked yet";
    bool still = false;
    // What was sent in the storm is still on its way: right by chance is not yet at rest.
    while (!(still && wrong.empty()) && world_.steady() < end && world_.violations().empty()) {
        auto writes = network_.writes();
        world_.run(kLongestWay + 2s);
        still = network_.writes() == writes;
        wrong = cluster_.wrong();
    }
    if (!(still && wrong.empty()) && world_.violations().empty()) {
        world_.violated(wrong.empty() ? "it writes and writes"
                                      : "it never becomes what was asked for: " + wrong);
    }
}

void Run::rest() {
    // Echoes of the last writes die away; every store hears of the newest version.
    auto heard = [this] {
        for (const auto& place : places_) {
            if (!place.process ||
                !kube::atLeast(place.process->parents().store().resourceVersion(),
                               server_.version()) ||
                !kube::atLeast(place.process->children().store().resourceVersion(),
                               server_.version())) {
                return false;
            }
        }
        return true;
    };
    for (int i = 0; i < 1200 && !heard(); ++i) {
        world_.run(500ms);
        server_.bookmark();
        network_.changed();
    }
    if (!heard()) {
        return world_.violated("a store never reaches the server's version");
    }
    compareStores();
    compareWithList();
    auto writes = network_.writes();
    world_.run(10s);
    network_.cutWatches();
    server_.compact();
    network_.changed();
    world_.run(25s);
    if (network_.writes() != writes) {
        world_.violated("it writes although nothing changes: " +
                        std::to_string(network_.writes() - writes) + " times");
    }
    compareStores();
}

void Run::compareStores() {
    for (const auto& place : places_) {
        if (place.process) {
            compare(place.process->name(), place.process->parents().store(), kParents);
            compare(place.process->name(), place.process->children().store(), kChildren);
        }
    }
}

void Run::compare(const std::string& who, const runtime::Store& store,
                  const kube::ResourceType& type) {
    auto there = server_.all(type);
    auto here = store.list();
    bool same = there.size() == here.size();
    for (size_t i = 0; same && i < there.size(); ++i) {
        same = here[i]->json() == there[i];
    }
    if (!same) {
        world_.violated(who + " holds other " + type.plural + " than the server: " +
                        std::to_string(here.size()) + " and " + std::to_string(there.size()));
    }
}

// A list shows the same as all the events that came one by one.
void Run::compareWithList() {
    auto wire = std::make_shared<Wire>(network_, "list");
    wire->refuseStreamedLists();
    kube::Client client(wire, {});
    runtime::Metrics metrics;
    struct NoTimer final : runtime::Timer {
        explicit NoTimer(World& theWorld) : world(theWorld) {}
        Bell at(base::SteadyTime, std::function<void()>) override { return {}; }
        Bell every(std::chrono::milliseconds, std::function<void()>) override { return {}; }
        void sleep(std::chrono::milliseconds pause, const std::stop_token& stop) override {
            world.wait([&] { return stop.stop_requested(); }, world.steady() + pause);
        }
        World& world;
    } timer(world_);
    for (const auto& type : {kParents, kChildren}) {
        runtime::InformerCore lister(client, {.type = type, .namespace_ = kNamespace}, world_,
                                     timer, metrics, [] { return 0.0; });
        std::stop_source stop;
        bool ended = false;
        world_.spawn("list of " + type.plural, [&] {
            while (!stop.stop_requested()) {
                lister.step(stop.get_token());
            }
            ended = true;
        });
        if (!world_.runUntil([&] { return lister.store().synced(); }, 1min)) {
            world_.violated("a list of " + type.plural + " never comes");
        }
        compare("a list", lister.store(), type);
        stop.request_stop();
        world_.runUntil([&] { return ended; }, 1min);
    }
}

void Run::end() {
    closing_ = true;
    world_.run(3s);
    for (auto& place : places_) {
        if (place.process) {
            place.process->terminate();
        }
    }
    if (!world_.drain(2min)) {
        world_.violated("a process does not end when it is asked to");
        for (auto& place : places_) {
            place.process->crash();
        }
        world_.drain(10min);
    }
}

}  // namespace

std::string RunResult::story() const {
    std::string out = "seed " + std::to_string(seed) + "\n";
    constexpr size_t kLines = 400;
    size_t from = trace.size() > kLines ? trace.size() - kLines : 0;
    for (size_t i = from; i < trace.size(); ++i) {
        out += trace[i] + "\n";
    }
    for (const auto& violation : violations) {
        out += "VIOLATED: " + violation + "\n";
    }
    return out;
}

RunResult simulate(const RunOptions& options) {
    return Run(options).go();
}

}  // namespace simulation
