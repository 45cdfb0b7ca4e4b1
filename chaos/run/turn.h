// One call of run::next: reads the run, builds the step. Internal to run/.
#pragma once

#include <string>
#include <vector>

#include "chaos/faults/fault.h"
#include "chaos/predict/predict.h"
#include "chaos/run/machine.h"

namespace chaos::run {

class Turn {
  public:
    Turn(const Run& run, const Seen& seen);
    Step take();

  private:
    // machine.cpp: before anything is touched, and after everything
    void pending();
    void predicting();
    void steady();
    void intend();
    void startProbe();
    bool asksWhoIsThere(const std::vector<Effect>& effects);
    bool probeLost();
    std::string rejectedProbe() const;
    void cleanUp();
    void unseen();
    void describe();
    bool watching() const;
    void writeLookDown();
    // turn_fault.cpp: while the fault is there
    std::string endedBy() const;
    void noteEnd(const std::string& why);
    void heedEnd();
    bool somethingStruck() const;
    std::string stillOpen() const;
    void injecting();
    std::string hindrance() const;
    bool applyEffects();
    bool strikeTargets();
    void skipOpenTargets(const std::string& why);
    void takeResults();
    void observing();
    void removeIntruders();
    std::string tooManyErrors() const;
    void reverting();
    void giveBack();
    void takeBack();
    bool nothingHeld() const;
    void leave();
    void leaveBehind();
    // turn_verify.cpp: what is seen, and what it means
    void watchProbe();
    void watchTargets();
    void watchCapacity();
    bool stillWithoutPower(const topology::Pod& pod) const;
    void beginScaling();
    void watchScaling();
    bool seenEnough() const;
    bool scaledIn() const;
    bool stillMoving() const;
    bool seriesComplete() const;
    void compareClocks();
    void verifying();
    void measureAndJudge();

    Status& status() { return step_.status; }
    base::WallTime now() const { return seen_.now; }
    faults::Scene scene() const { return {run_, seen_}; }
    void tell(std::string what) { status().tell(now(), std::move(what)); }
    void again(std::chrono::milliseconds pause) { step_.lookAgain = pause; }
    bool late() const { return run_.status.abortAt && now() >= *run_.status.abortAt; }
    bool overdue() const { return run_.status.deadline && now() >= *run_.status.deadline; }
    bool hitting(const topology::Pod& pod) const;
    bool returned(const topology::Pod& pod) const;
    void enter(Phase phase);
    void finish(Verdict verdict, const std::string& reason, std::vector<std::string> reasons);
    void refuse(const predict::Refusal& refusal);
    void giveUp(const std::string& why);

    const Run& run_;
    const api::ChaosExperimentSpec& spec_;
    const Seen& seen_;
    const faults::Fault* fault_;
    Step step_;
    std::string waiting_;
};

// A fault moves fast: what is observed by looking is stamped no later than this.
inline constexpr std::chrono::milliseconds kWatchClosely{250};
inline constexpr std::chrono::milliseconds kWatch{1000};

}  // namespace chaos::run
