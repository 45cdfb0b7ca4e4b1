// Time, chance and order of one simulated run: everything that happens, happens because the world
// let it, and the seed decides what comes first.
//
//   World world(seed);
//   world.spawn("worker", [&] { world.sleep(5ms); ... });
//   world.later(20ms, [&] { server.drop(...); });
//   world.run(60s);                       // one minute of its time, however long that takes
//
// Of all that could go on next (fibers whose condition holds, calls that are due) one is drawn.
// Time stands still while something can go on and then leaps to the next moment at which something
// can. Thread safety: none.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "simulation/fiber.h"

namespace simulation {

class World final : public base::Clock {
  public:
    using Duration = std::chrono::nanoseconds;
    using Condition = std::function<bool()>;

    World(uint64_t seed, bool traced);
    ~World() override;

    base::SteadyTime steady() const override { return now_; }
    base::WallTime wall() const override;

    // --- chance
    uint64_t below(uint64_t limit);  // [0, limit)
    bool chance(double probability);
    Duration between(Duration least, Duration most);
    double fraction();  // [0, 1)

    // --- what goes on
    void spawn(const std::string& name, std::function<void()> body);
    // `group` is asked whether the call may happen when it is due; if not it waits.
    uint64_t at(base::SteadyTime time, std::function<void()> call, Condition allowed = {});
    uint64_t later(Duration pause, std::function<void()> call) {
        return at(now_ + pause, std::move(call));
    }
    void cancel(uint64_t call) { calls_.erase(call); }

    // --- of the running fiber
    // Until the condition holds or (false) the time has come.
    bool wait(const Condition& condition, std::optional<base::SteadyTime> until = {});
    // The condition below must hold too before the fiber goes on: a suspended process.
    void holdWhile(Condition suspended);

    void run(Duration time);
    // Until the condition holds; false: not within that time.
    bool runUntil(const Condition& condition, Duration limit);
    // Until every fiber has ended; false: not within that time.
    bool drain(Duration limit);

    // --- what is told of it
    bool traced() const { return traced_; }
    void trace(const std::string& line);
    const std::vector<std::string>& lines() const { return lines_; }
    // One number for all that happened: equal runs have equal numbers.
    uint64_t digest() const { return digest_; }
    void violated(const std::string& what);
    const std::vector<std::string>& violations() const { return violations_; }

  private:
    struct Thread {
        std::string name;
        std::unique_ptr<Fiber> fiber;
        Condition condition;
        Condition suspended;
        std::optional<base::SteadyTime> until;
    };
    struct Call {
        base::SteadyTime time;
        std::function<void()> call;
        Condition allowed;
    };

    bool go();  // one thing; false: nothing can go on now
    std::optional<base::SteadyTime> next() const;

    std::mt19937_64 random_;
    base::SteadyTime now_{std::chrono::hours(1)};
    std::vector<std::unique_ptr<Thread>> threads_;
    Thread* running_ = nullptr;
    std::map<uint64_t, Call> calls_;
    uint64_t lastCall_ = 0;
    bool traced_;
    uint64_t digest_ = 1469598103934665603U;
    std::vector<std::string> lines_;
    std::vector<std::string> violations_;
};

}  // namespace simulation
