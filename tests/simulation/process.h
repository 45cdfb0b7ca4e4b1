// One operator process: the runtime's cores on fibers, joined as the Manager joins their threads.
//
//   Process process(world, network, "operator-1", {.election = true});
//   process.start();
//   world.run(30s);
//   process.terminate();        // as SIGTERM: drains, releases the lease
//   world.runUntil([&] { return process.ended(); }, 1min);
//
// Its clocks are its own: another zero, and a wall clock that jumps. A suspended process does
// nothing, but time goes on for it.
#pragma once

#include <memory>
#include <string>

#include "kube/client.h"
#include "runtime/controller_core.h"
#include "runtime/informer_core.h"
#include "runtime/leader_core.h"
#include "runtime/metrics.h"
#include "runtime/relations.h"
#include "runtime/timer.h"
#include "simulation/defect.h"
#include "simulation/model.h"
#include "simulation/network.h"

namespace simulation {

struct ProcessOptions {
    bool election = true;
    int workers = 2;
    bool streamedLists = true;
    Defect defect = Defect::None;
};

class Process {
  public:
    Process(World& world, Network& network, const std::string& name, const ProcessOptions& options);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    void start();
    void terminate();                    // SIGTERM
    void crash();                        // SIGKILL: nothing of it reaches the network any more
    void suspend(World::Duration time);  // SIGSTOP, SIGCONT
    void jumpWall(World::Duration by) { leaseClock_.wallOffset += by; }
    bool ended() const { return fibers_ == 0; }
    bool leads() const { return leads_; }
    const std::string& name() const { return name_; }

    runtime::InformerCore& parents() { return parents_; }
    runtime::InformerCore& children() { return children_; }

  private:
    struct OwnClock final : public base::Clock {
        explicit OwnClock(World& theWorld) : world(theWorld) {}
        base::SteadyTime steady() const override { return world.steady() + offset; }
        base::WallTime wall() const override {
            return world.wall() + std::chrono::duration_cast<base::WallTime::duration>(wallOffset);
        }
        World& world;
        World::Duration offset{};
        World::Duration wallOffset{};
    };
    class OwnTimer final : public runtime::Timer {
      public:
        OwnTimer(Process& process, const OwnClock& clock) : process_(process), clock_(clock) {}
        [[nodiscard]] Bell at(base::SteadyTime time, std::function<void()> ring) override;
        [[nodiscard]] Bell every(std::chrono::milliseconds interval,
                                 std::function<void()> ring) override;
        void sleep(std::chrono::milliseconds pause, const std::stop_token& stop) override;

      private:
        void ringNext(const std::shared_ptr<Bell>& series, std::chrono::milliseconds interval,
                      const std::function<void()>& ring);

        Process& process_;
        const OwnClock& clock_;
    };

    void fiber(const std::string& what, std::function<void()> body);
    void manage();
    void lead();
    void watch(runtime::InformerCore& informer);
    void work(runtime::ControllerCore& controller);
    void relate();
    void relate(runtime::InformerCore& informer, runtime::Mapper mapper);
    void enqueue(const kube::ObjectKey& key, std::chrono::milliseconds pause, int priority);
    void checkOrder(const runtime::Store::Change& change);
    bool mayWrite() const;
    bool gone() const { return crashed_ || world_.steady() < suspendedUntil_; }

    World& world_;
    Network& network_;
    const std::string name_;
    const ProcessOptions options_;
    OwnClock clock_;
    OwnTimer timer_;
    OwnClock leaseClock_;
    OwnTimer leaseTimer_;
    std::shared_ptr<Wire> wire_;
    runtime::Metrics metrics_;
    kube::Client ungated_;
    kube::Client gated_;
    runtime::LeaderCore leader_;
    runtime::InformerCore parents_;
    runtime::InformerCore children_;
    Model model_;
    runtime::ControllerCore controller_;
    runtime::ControllerCore second_;  // of the defect that runs keys twice
    std::stop_source end_;            // of the process
    std::stop_source endWatches_;     // once the workers are gone
    std::stop_source endElection_;
    int fibers_ = 0;
    int workers_ = 0;
    int watches_ = 0;
    bool electing_ = false;
    bool leads_ = false;
    bool lost_ = false;
    bool crashed_ = false;
    base::SteadyTime suspendedUntil_{};
    std::map<std::string, std::string> seen_;  // version by kind, key and uid: never goes back
};

}  // namespace simulation
