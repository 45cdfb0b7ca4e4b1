#include "simulation/process.h"

#include <utility>

#include "simulation/kinds.h"

namespace simulation {
namespace {

using namespace std::chrono_literals;

runtime::LeaderOptions leaderOptions(const std::string& identity) {
    runtime::LeaderOptions out;
    out.lease = {kNamespace, "operator"};
    out.identity = identity;
    return out;
}

kube::ClientOptions clientOptions(std::function<bool()> mayWrite = {}) {
    kube::ClientOptions out;
    out.fieldManager = "operator";
    out.mayWrite = std::move(mayWrite);
    return out;
}

std::shared_ptr<Wire> makeWire(Network& network, const std::string& name,
                               const ProcessOptions& options) {
    auto wire = std::make_shared<Wire>(network, name);
    wire->intention().identity = name;
    if (options.defect == Defect::OverlooksStatus) {
        wire->lose([](const std::string& line) {
            return line.starts_with(R"({"type":"MODIFIED")") &&
                   line.find(R"("observedGeneration")") != std::string::npos;
        });
    }
    if (!options.streamedLists) {
        wire->refuseStreamedLists();
    }
    return wire;
}

}  // namespace

runtime::Timer::Bell Process::OwnTimer::at(base::SteadyTime time, std::function<void()> ring) {
    auto& world = process_.world_;
    auto id = world.at(time - clock_.offset, std::move(ring), [this] { return !process_.gone(); });
    return {this, [&world, id](void*) { world.cancel(id); }};
}

runtime::Timer::Bell Process::OwnTimer::every(std::chrono::milliseconds interval,
                                              std::function<void()> ring) {
    auto series = std::make_shared<Bell>();
    ringNext(series, interval, ring);
    return {series.get(), [series](void*) { series->reset(); }};
}

// The world has forgotten a call by the time it makes it: its bell may give way to the next.
void Process::OwnTimer::ringNext(const std::shared_ptr<Bell>& series,
                                 std::chrono::milliseconds interval,
                                 const std::function<void()>& ring) {
    *series =
        at(clock_.steady() + interval, [this, series = std::weak_ptr(series), interval, ring] {
            ring();
            if (auto open = series.lock()) {
                ringNext(open, interval, ring);
            }
        });
}

void Process::OwnTimer::sleep(std::chrono::milliseconds pause, const std::stop_token& stop) {
    auto& world = process_.world_;
    world.wait([&] { return stop.stop_requested(); }, world.steady() + pause);
}

Process::Process(World& world, Network& network, const std::string& name,
                 const ProcessOptions& options)
    : world_(world),
      network_(network),
      name_(name),
      options_(options),
      clock_(world),
      timer_(*this, clock_),
      leaseClock_(world),
      leaseTimer_(*this, leaseClock_),
      wire_(makeWire(network, name, options)),
      ungated_(wire_, clientOptions()),
      gated_(wire_, clientOptions([this] { return mayWrite(); })),
      leader_(ungated_, leaderOptions(name), leaseClock_, leaseTimer_, metrics_,
              [&world] { return world.fraction(); }),
      parents_(gated_, {.type = kParents, .namespace_ = kNamespace}, clock_, timer_, metrics_,
               [&world] { return world.fraction(); }),
      children_(gated_, {.type = kChildren, .namespace_ = kNamespace, .labelSelector = "parent"},
                clock_, timer_, metrics_, [&world] { return world.fraction(); }),
      model_(world, name, gated_, parents_.store(), children_.store(), wire_->intention(),
             options.defect),
      controller_("model",
                  {.workers = options.workers,
                   .deadline = 120s,
                   .burst = 20,
                   .interval = options.defect == Defect::NoPace ? 0ms : 500ms,
                   .reached =
                       [this](const std::string& plural, const std::string& version) {
                           const auto& store =
                               plural == kParents.plural ? parents_.store() : children_.store();
                           return options_.defect == Defect::SkipsGate ||
                                  kube::atLeast(store.resourceVersion(), version);
                       }},
                  metrics_, clock_, timer_,
                  [this](const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
                      return model_.reconcile(key, context);
                  }),
      second_("second", {.workers = 1}, metrics_, clock_, timer_,
              [this](const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
                  return model_.reconcile(key, context);
              }) {
    clock_.offset = world.between(0s, 24h);
    leaseClock_.offset = world.between(0s, 24h);
    clock_.wallOffset = leaseClock_.wallOffset = world.between(-1h, 1h);
    relate();
}

bool Process::mayWrite() const {
    return !options_.election || options_.defect == Defect::WritesWithoutLease ||
           leader_.election().holds();
}

void Process::fiber(const std::string& what, std::function<void()> body) {
    ++fibers_;
    world_.spawn(name_ + " " + what, [this, body = std::move(body)] {
        // A crashed process goes on, to release what it holds, but nothing it does counts.
        world_.holdWhile([this] { return !crashed_ && gone(); });
        body();
        --fibers_;
    });
}

void Process::start() {
    world_.trace(name_ + " starts");
    fiber("manager", [this] { manage(); });
}

// As runtime::Manager: watches, synced, election, workers; and back.
void Process::manage() {
    auto stop = end_.get_token();
    watch(parents_);
    watch(children_);
    bool synced = world_.wait([&] {
        return stop.stop_requested() || (parents_.store().synced() && children_.store().synced());
    });
    if (synced && !stop.stop_requested()) {
        lead();
        world_.wait([&] { return stop.stop_requested() || lost_; });
    }
    controller_.close();
    second_.close();
    if (lost_ || crashed_) {
        controller_.abandon();
        second_.abandon();
    }
    if (options_.defect != Defect::ReleasesTooEarly) {
        world_.wait([&] { return workers_ == 0 || lost_; });
    }
    controller_.abandon();
    second_.abandon();
    world_.wait([&] { return workers_ == 0 || options_.defect == Defect::ReleasesTooEarly; });
    endElection_.request_stop();
    world_.wait([&] { return !electing_; });
    if (options_.election && !lost_ && !crashed_) {
        leader_.release();
    }
    leader_.resign();
    if (options_.defect != Defect::NeverEnds) {
        endWatches_.request_stop();
    }
    world_.wait([&] { return watches_ == 0 && workers_ == 0; });
    leads_ = false;
    world_.trace(name_ + " has ended");
}

void Process::lead() {
    auto begin = [this] {
        leads_ = true;
        world_.trace(name_ + " leads");
        for (int i = 0; i < options_.workers; ++i) {
            work(controller_);
        }
        if (options_.defect == Defect::RunsTwice) {
            work(second_);
        }
    };
    if (!options_.election || options_.defect == Defect::WritesWithoutLease) {
        begin();
    }
    if (!options_.election) {
        return;
    }
    electing_ = true;
    fiber("elector", [this, begin] {
        auto stop = endElection_.get_token();
        while (!stop.stop_requested()) {
            auto turn = leader_.step(stop);
            if (turn.started && !leads_) {
                begin();
            }
            if (turn.lost) {
                lost_ = true;
                controller_.abandon();
                second_.abandon();
                break;
            }
            timer_.sleep(turn.pause, stop);
        }
        electing_ = false;
    });
}

void Process::watch(runtime::InformerCore& informer) {
    ++watches_;
    fiber("watch of " + informer.options().type.plural, [this, &informer] {
        auto stop = endWatches_.get_token();
        while (!stop.stop_requested()) {
            informer.step(stop);
        }
        --watches_;
    });
}

void Process::work(runtime::ControllerCore& controller) {
    ++workers_;
    fiber("worker", [this, &controller] {
        auto over = [this] { return lost_ || end_.stop_requested(); };
        while (!over()) {
            if (!controller.step()) {
                auto due = controller.nextDue();
                world_.wait([&] { return over() || controller.ready(); },
                            due ? std::optional(*due - clock_.offset) : std::nullopt);
            }
        }
        --workers_;
    });
}

void Process::terminate() {
    world_.trace(name_ + " is asked to end");
    end_.request_stop();
}

void Process::crash() {
    world_.trace(name_ + " crashes");
    crashed_ = true;
    end_.request_stop();
    endElection_.request_stop();
    endWatches_.request_stop();
    controller_.abandon();
    second_.abandon();
}

void Process::suspend(World::Duration time) {
    world_.trace(name_ + " is suspended");
    suspendedUntil_ = std::max(suspendedUntil_, world_.steady() + time);
    // Whoever waits for the end of this looks again then.
    world_.at(suspendedUntil_, [] {});
    if (options_.defect == Defect::ClockSleeps) {
        leaseClock_.offset -= time;
    }
}

// --- relations: a parent's change and a child's change both mean the parent's key

void Process::relate() {
    children_.store().addIndex(kByParent, runtime::ownerIndex());
    relate(parents_, runtime::itself());
    relate(children_, runtime::controllingOwner(kParents.kind));
    auto health = std::make_shared<runtime::ServerHealth>();
    for (auto* informer : {&parents_, &children_}) {
        informer->share(health);
        informer->onProgress([this, plural = informer->options().type.plural] {
            controller_.viewMoved(plural);
            second_.viewMoved(plural);
        });
    }
}

void Process::relate(runtime::InformerCore& informer, runtime::Mapper mapper) {
    auto handler =
        runtime::relation(std::move(mapper), {},
                          [this](const kube::ObjectKey& key, std::chrono::milliseconds pause,
                                 int priority) { enqueue(key, pause, priority); });
    informer.onChange(
        [this, handler = std::move(handler)](const runtime::Store::Change& change, bool initial) {
            checkOrder(change);
            if (options_.defect == Defect::TellsOldNews && change.before && change.after) {
                checkOrder({nullptr, change.before});
            }
            if (change.after != nullptr || options_.defect != Defect::LosesDeletions) {
                handler(change, initial);
            }
        });
}

void Process::enqueue(const kube::ObjectKey& key, std::chrono::milliseconds pause, int priority) {
    if (options_.defect == Defect::ForgetsDirty && model_.running(key)) {
        return;
    }
    controller_.enqueue(key, pause, priority);
    if (options_.defect == Defect::RunsTwice) {
        second_.enqueue(key, {}, 0);
    }
}

// What a handler is told of one object never goes back in time.
void Process::checkOrder(const runtime::Store::Change& change) {
    const auto& meta = (change.after ? change.after : change.before)->meta();
    auto& seen = seen_[meta.kind + " " + meta.key.str() + " " + meta.uid];
    if (!kube::atLeast(meta.resourceVersion, seen)) {
        world_.violated(name_ + " was told of " + meta.key.str() + " @" + meta.resourceVersion +
                        " after @" + seen);
    }
    seen = meta.resourceVersion;
}

}  // namespace simulation
