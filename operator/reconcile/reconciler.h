// One ScalableApp from what is seen to what is asked for: observe, plan, apply the difference,
// write the status.
//
//   reconcile::Reconciler reconciler(client, observer, events, metrics, clock);
//   manager.controller("scalableapp", options, [&](const auto& key, const auto& context) {
//       return reconciler.reconcile(key, context);
//   });
//
// Every step can be broken off anywhere and done again: what is right already is not written again.
// A look at the very same as the last one that found nothing to do ends at once (rest.h).
// Thread safety: reconcile from any thread, for different keys at once. Blocking: on requests.
#pragma once

#include <functional>
#include <stop_token>
#include <variant>

#include "base/clock.h"
#include "kube/client.h"
#include "plan/plan.h"
#include "reconcile/apply.h"
#include "reconcile/circuits.h"
#include "reconcile/edges.h"
#include "reconcile/observe.h"
#include "reconcile/rest.h"
#include "runtime/controller.h"
#include "runtime/events.h"
#include "runtime/metrics.h"

namespace reconcile {

class Reconciler {
  public:
    using EventSink = std::function<void(runtime::Event)>;
    // What surrounds the app or, where that cannot be told yet, how the run ends. Empty: nothing is
    // known of the surroundings.
    using Around = std::variant<plan::Surroundings, runtime::Outcome>;
    using LookAround = std::function<Around(const api::ScalableApp& app, const base::Json& object,
                                            std::stop_token stop)>;

    Reconciler(kube::Client& client, const Observer& observer, EventSink events,
               runtime::Metrics& metrics, const base::Clock& clock,
               AskCircuits circuits = askCircuits, AskEdges edges = askEdges,
               LookAround lookAround = {});

    runtime::Outcome reconcile(const kube::ObjectKey& key,
                               const runtime::ReconcileContext& context);

  private:
    // A whole look at an app that is there.
    runtime::Outcome look(const kube::ObjectPtr& object, const runtime::ReconcileContext& context);
    runtime::Outcome refuse(const kube::ObjectPtr& app, const std::string& message,
                            const runtime::ReconcileContext& context);
    // Empty: the status is written, or need not be.
    std::optional<runtime::Outcome> publish(const kube::Object& app, const base::Json& before,
                                            const base::Json& status,
                                            const std::vector<plan::EventIntent>& events,
                                            const runtime::ReconcileContext& context);
    plan::Observed observe(const kube::Object& object, const api::ScalableApp& app,
                           const std::vector<kube::ObjectPtr>& family, plan::Surroundings around,
                           const std::stop_token& stop);
    void tell(const kube::Meta& app, const plan::EventIntent& event);
    void measure(const kube::ObjectKey& key, const base::Json& status);
    void forget(const kube::ObjectKey& key);

    kube::Client& client_;
    const Observer& observer_;
    Applier applier_;
    EventSink events_;
    runtime::Metrics& metrics_;
    const base::Clock& clock_;
    AskCircuits askCircuits_;
    AskEdges askEdges_;
    EdgeBook edgeBook_;
    SilenceBook silenceBook_;
    RewriteBook rewrites_;
    RestBook rests_;
    LookAround lookAround_;
};

}  // namespace reconcile
