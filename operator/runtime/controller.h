// Turns changed keys into calls of one function, never two at once for the same key.
//
//   runtime::Controller controller("scalableapp", {.workers = 4}, metrics, clock,
//       [&](const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
//           return reconciler.reconcile(key, context);
//       });
//   controller.enqueue({"shop-ns", "shop"});
//
// The outcome decides what comes next:
//   done()            forget the key until it changes
//   after(duration)   look again then
//   retry(message)    look again after a growing pause (5 ms doubling to 5 min)
//   terminal(message) the input is wrong: look again only when it changes
// A key keeps its priority when it comes again; withPriority() of the outcome gives it another.
// An exception that leaves the function counts as retry and never ends the process.
// The threads are here, everything else is in controller_core.h.
// Thread safety: enqueue from any thread. The function runs on the controller's own threads.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "base/clock.h"
#include "kube/resource.h"

namespace runtime {

class Metrics;

class Outcome {
  public:
    enum class Kind { Done, After, Retry, Terminal };
    static Outcome done() { return Outcome(Kind::Done, {}, ""); }
    static Outcome after(std::chrono::milliseconds pause) {
        return Outcome(Kind::After, pause, "");
    }
    static Outcome retry(std::string message) {
        return Outcome(Kind::Retry, {}, std::move(message));
    }
    static Outcome terminal(std::string message) {
        return Outcome(Kind::Terminal, {}, std::move(message));
    }

    Kind kind() const { return kind_; }
    std::chrono::milliseconds pause() const { return pause_; }
    const std::string& message() const { return message_; }
    // Without it the key keeps the priority it was taken with.
    std::optional<int> priority() const { return priority_; }
    Outcome withPriority(int priority) && {
        priority_ = priority;
        return std::move(*this);
    }

  private:
    Outcome(Kind kind, std::chrono::milliseconds pause, std::string message)
        : kind_(kind), pause_(pause), message_(std::move(message)) {}
    Kind kind_;
    std::chrono::milliseconds pause_;
    std::string message_;
    std::optional<int> priority_;
};

struct ReconcileContext {
    std::stop_token stop;     // set at shutdown and when the deadline passes
    std::string reconcileId;  // in every log line of this reconcile
    // Tells the read-your-own-writes gate: this key runs again only after the store of that kind
    // has reached that version. `scope`: the plural name, with "/<namespace>" behind it where the
    // kind is watched by namespace. The key is a name: an object made anew waits for what was
    // written for its predecessor, too. That is right, since its children have the same names and
    // a view from before those writes is as stale for it; and short, since versions only rise.
    std::function<void(const std::string& scope, const std::string& resourceVersion)> wrote;
};

using ReconcileFunction =
    std::function<Outcome(const kube::ObjectKey& key, const ReconcileContext& context)>;

struct ControllerOptions {
    int workers = 4;
    std::chrono::milliseconds deadline{120000};
    // One key runs `burst` times in a row as fast as it comes, then once per `interval`. A view
    // that lags can make a controller answer its own echo (it creates, the garbage collector
    // deletes, the deletion is an event): what would be a storm of writes is a trickle then. Zero:
    // no limit.
    int burst = 20;
    std::chrono::milliseconds interval{500};
    // True when the store of that kind has reached that version; the key waits until then. Of a
    // manager's controller, where empty: one of its informers has that may see objects of the
    // scope.
    std::function<bool(const std::string& scope, const std::string& resourceVersion)> reached{};
};

// Priority of keys from the first list: they yield to changes that people make meanwhile.
inline constexpr int kStartupPriority = -100;

class Controller {
  public:
    Controller(std::string name, ControllerOptions options, Metrics& metrics,
               const base::Clock& clock, ReconcileFunction reconcile);
    ~Controller();  // stops and joins
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;

    void enqueue(const kube::ObjectKey& key, int priority = 0);
    void enqueueAfter(const kube::ObjectKey& key, std::chrono::milliseconds pause,
                      int priority = 0);
    // Workers begin only here; keys may be enqueued before.
    void start();
    // No key is taken from here on; running reconciles are asked to stop after `grace` (zero: now).
    // Returns at once. With zero: from any thread.
    void beginStop(std::chrono::milliseconds grace);
    // beginStop (without grace unless it was begun before), then joins the workers. Idempotent.
    void stop();
    // The store of that kind has moved on: keys whose own writes have come back with it run now.
    // Without it they are looked at every 100 ms. From any thread.
    void viewMoved(const std::string& plural);
    // A key whose reconcile has not ended a whole deadline after it was asked to: it never will,
    // and its worker is lost. Nothing is known to help but a new process. From any thread.
    std::optional<kube::ObjectKey> hung() const;
    // Reads the clock again: for clocks that jump (tests).
    void wake();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runtime
