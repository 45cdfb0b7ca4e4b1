#include "simulation/world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace simulation {

World::World(uint64_t seed, bool traced) : random_(seed), traced_(traced) {}

World::~World() = default;

base::WallTime World::wall() const {
    return base::WallTime(std::chrono::seconds(1767225600)) +
           std::chrono::duration_cast<base::WallTime::duration>(now_.time_since_epoch());
}

// std's distributions differ from library to library; a seed is to mean the same everywhere.
uint64_t World::below(uint64_t limit) {
    return random_() % limit;
}

double World::fraction() {
    return static_cast<double>(random_() >> 11U) * 0x1.0p-53;
}

bool World::chance(double probability) {
    return fraction() < probability;
}

World::Duration World::between(Duration least, Duration most) {
    auto span = static_cast<uint64_t>((most - least).count()) + 1;
    return least + Duration(static_cast<int64_t>(below(span)));
}

void World::spawn(const std::string& name, std::function<void()> body) {
    auto thread = std::make_unique<Thread>();
    thread->name = name;
    thread->fiber = std::make_unique<Fiber>(std::move(body));
    threads_.push_back(std::move(thread));
}

uint64_t World::at(base::SteadyTime time, std::function<void()> call, Condition allowed) {
    calls_.emplace(++lastCall_, Call{time, std::move(call), std::move(allowed)});
    return lastCall_;
}

bool World::wait(const Condition& condition, std::optional<base::SteadyTime> until) {
    Thread* self = running_;
    self->condition = condition;
    self->until = until;
    Fiber::pause();
    return condition && condition();
}

void World::holdWhile(Condition suspended) {
    running_->suspended = std::move(suspended);
}

bool World::go() {
    std::vector<Thread*> able;
    for (const auto& thread : threads_) {
        bool due = thread->until && *thread->until <= now_;
        bool fresh = !thread->condition && !thread->until;
        if ((!thread->suspended || !thread->suspended()) &&
            (fresh || due || (thread->condition && thread->condition()))) {
            able.push_back(thread.get());
        }
    }
    std::vector<uint64_t> due;
    for (const auto& [id, call] : calls_) {
        if (call.time <= now_ && (!call.allowed || call.allowed())) {
            due.push_back(id);
        }
    }
    if (able.empty() && due.empty()) {
        return false;
    }
    auto drawn = below(able.size() + due.size());
    if (drawn >= able.size()) {
        auto call = calls_.extract(due[drawn - able.size()]);
        call.mapped().call();
        return true;
    }
    Thread* thread = able[drawn];
    running_ = thread;
    thread->fiber->resume();
    running_ = nullptr;
    if (thread->fiber->ended()) {
        std::erase_if(threads_, [&](const auto& one) { return one.get() == thread; });
    }
    return true;
}

// The next moment at which something can go on. What is suspended or not allowed has none of its
// own: whatever ends that is itself a call.
std::optional<base::SteadyTime> World::next() const {
    std::optional<base::SteadyTime> soonest;
    auto consider = [&](base::SteadyTime time) {
        if (time > now_ && (!soonest || time < *soonest)) {
            soonest = time;
        }
    };
    for (const auto& thread : threads_) {
        if (thread->until) {
            consider(*thread->until);
        }
    }
    for (const auto& [id, call] : calls_) {
        consider(call.time);
    }
    return soonest;
}

void World::run(Duration time) {
    runUntil([] { return false; }, time);
}

bool World::runUntil(const Condition& condition, Duration limit) {
    auto end = now_ + limit;
    uint64_t steps = 0;
    while (!condition()) {
        if (go()) {
            if (++steps > 50'000) {
                violated("it goes on and on without time passing");
                return false;
            }
            continue;
        }
        auto moment = next();
        if (!moment || *moment > end) {
            now_ = end;
            return condition();
        }
        now_ = *moment;
        steps = 0;
    }
    return true;
}

bool World::drain(Duration limit) {
    return runUntil([this] { return threads_.empty(); }, limit);
}

void World::trace(const std::string& line) {
    for (char c : line) {
        digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 1099511628211U;
    }
    digest_ = (digest_ ^ static_cast<uint64_t>(now_.time_since_epoch().count())) * 1099511628211U;
    if (traced_) {
        char time[32];
        std::snprintf(time, sizeof time, "%10.3f  ",
                      std::chrono::duration<double>(now_.time_since_epoch()).count() - 3600.0);
        lines_.push_back(time + line);
    }
}

void World::violated(const std::string& what) {
    trace("VIOLATED: " + what);
    if (violations_.size() < 10) {
        violations_.push_back(what);
    }
}

}  // namespace simulation
