// A cluster in a few lines, with its own time: pods that die and are replaced, a probe that loads
// them, and a chaos process that may be killed after any write or any action.
//
//   World world;
//   world.crashAfterWrite = 4;
//   world.runToEnd();
//   EXPECT_EQ(world.killed.size(), 1U);
#pragma once

#include <set>
#include <string>
#include <vector>

#include "chaos/run/machine.h"
#include "chaos/support/samples.h"

namespace chaos::fake {

class World {
  public:
    World() {
        run.namespace_ = "ns";
        run.name = "kill-1";
        run.uid = "run-uid";
        run.spec = usualSpec();
        pods = chaos::fake::pods(3);
    }

    // --- what a test may set
    run::Run run;  // `run.status` is what is durable
    std::optional<topology::App> app = usualApp(3);
    std::vector<topology::Pod> pods;
    std::chrono::milliseconds grace = 1500ms;  // from the delete to the pod's end
    std::chrono::milliseconds replacement =
        3000ms;  // from the delete until another serves; 0: never
    std::chrono::milliseconds probeStart = 2000ms;
    std::optional<base::WallTime> probeDies;
    std::function<void(probe::Second&, const World&)> traffic;  // may spoil a second
    std::function<void(World&)> eachLook;
    std::chrono::milliseconds probeClock{0};  // how far it is ahead of ours
    std::string otherRun;
    int crashAfterWrite = -1;
    int crashAfterAction = -1;
    std::chrono::milliseconds downFor = 2000ms;

    // --- what happened
    base::WallTime now = kStart;
    std::set<std::string> killed;
    int deletes = 0;
    int writes = 0;
    int acted = 0;
    bool probeThere = false;
    int probesMade = 0;
    std::vector<run::Phase> phases;
    std::vector<run::Note> notes;

    void runToEnd() {
        for (int i = 0; i < 5000 && !over_; ++i) {
            turn();
        }
    }
    bool over() const { return over_; }
    int64_t serving() const { return topology::readyCount(pods); }

  private:
    void turn() {
        if (eachLook) {
            eachLook(*this);
        }
        move();
        auto seen = look();
        auto step = run::next(run, seen);
        results_.clear();
        if (step.status != run.status) {
            if (step.status.phase != run.status.phase) {
                phases.push_back(step.status.phase);
            }
            run.status = step.status;
            notes.insert(notes.end(), step.notes.begin(), step.notes.end());
            if (writes++ == crashAfterWrite) {
                return crash();
            }
        }
        lastLook_ = seen.now;
        for (const auto& action : step.actions) {
            act(action);
            if (acted++ == crashAfterAction) {
                results_.clear();
                return crash();
            }
        }
        over_ = !step.lookAgain && step.actions.empty();
        now += step.lookAgain.value_or(0ms) + 20ms;
    }

    // Another process knows what is durable, and nothing else.
    void crash() {
        lastLook_.reset();
        now += downFor;
    }

    run::Seen look() {
        run::Seen seen;
        seen.lastLook = lastLook_;
        auto needs = run::needs(run);
        seen.now = now;
        seen.chance = 12345;
        seen.otherRun = needs.otherRuns ? otherRun : "";
        seen.app = needs.app ? app : std::nullopt;
        seen.pods = needs.pods ? pods : std::vector<topology::Pod>();
        if (needs.probe && probeThere) {
            seen.probe.uid = "probe-" + std::to_string(probesMade);
            seen.probe.running = probeRuns();
            seen.probe.ended = probeDies && now >= *probeDies;
        }
        if (needs.series && seen.probe.running) {
            seen.series = log();
        }
        if (needs.tail && seen.probe.running) {
            seen.tail = log();
        }
        seen.results = results_;
        return seen;
    }

    bool probeRuns() const {
        return now >= probeCreated_ + probeStart && !(probeDies && now >= *probeDies);
    }

    // Seconds reach the log 1.1 s after they are over.
    probe::Series log() {
        auto start = probeCreated_ + probeStart;
        auto rate = run.spec.load.requestsPerSecond;
        auto out = series(0, rate, start + probeClock);
        while (!(now < start + std::chrono::seconds(history_.size() + 1) + 1100ms)) {
            probe::Second second;
            second.second = static_cast<int64_t>(history_.size());
            second.sent = rate;
            second.outcomes[0] = rate;
            second.latency.add(2ms, rate);
            second.writtenAt = start + std::chrono::seconds(second.second + 1) + 1050ms;
            auto begin = start + std::chrono::seconds(second.second);
            if (outageFrom_ && begin + 1s > *outageFrom_ && (!outageTo_ || begin < *outageTo_)) {
                fail(second, rate, probe::Outcome::Connect);
            }
            if (traffic) {
                traffic(second, *this);
            }
            second.writtenAt += probeClock;
            history_.push_back(second);
        }
        out.seconds = history_;
        return out;
    }

    void act(const run::Action& action) {
        run::ActionResult result{.action = action, .error = "", .transient = false};
        if (const auto* kill = std::get_if<run::KillPod>(&action)) {
            ++deletes;
            auto* found = find(kill->name);
            if (found == nullptr) {
                result.error = "404 NotFound";
            } else if (found->uid != kill->uid) {
                result.error = "409 Conflict: the UID in the precondition";
            } else {
                found->deletedAt = std::chrono::floor<std::chrono::seconds>(now);
                deaths_.push_back({kill->uid, now + grace});
                killed.insert(kill->uid);
                if (replacement > 0ms) {
                    births_.push_back(now + replacement);
                }
                if (serving() == 0) {
                    outageFrom_ = now;
                }
            }
            results_.push_back(result);
        } else if (std::holds_alternative<run::CreateProbe>(action)) {
            if (!probeThere) {
                probeThere = true;
                probeCreated_ = now;
                history_.clear();
                ++probesMade;
            }
        } else {
            probeThere = false;
        }
    }

    topology::Pod* find(const std::string& name) {
        for (auto& one : pods) {
            if (one.name == name) {
                return &one;
            }
        }
        return nullptr;
    }

    void move() {
        std::erase_if(deaths_, [&](const auto& death) {
            if (now < death.second) {
                return false;
            }
            std::erase_if(pods, [&](const auto& one) { return one.uid == death.first; });
            return true;
        });
        std::erase_if(births_, [&](auto birth) {
            if (now < birth) {
                return false;
            }
            pods.push_back(pod(100 + static_cast<int>(++born_)));
            outageTo_ = outageFrom_ && !outageTo_ ? std::optional(now) : outageTo_;
            return true;
        });
    }

    bool over_ = false;
    std::optional<base::WallTime> lastLook_;
    std::vector<run::ActionResult> results_;
    std::vector<std::pair<std::string, base::WallTime>> deaths_;
    std::vector<base::WallTime> births_;
    int64_t born_ = 0;
    base::WallTime probeCreated_;
    std::vector<probe::Second> history_;
    std::optional<base::WallTime> outageFrom_;
    std::optional<base::WallTime> outageTo_;
};

}  // namespace chaos::fake
