// A controller in miniature, written against the runtime's public interface: a parent asks for
// `spec.count` children that carry `spec.value`; its status tells how many are as asked.
//
//   Model model(client, parents, children, defect);
//   Outcome outcome = model.reconcile(key, context);
//
// It has the manners every controller needs: creates by fixed names, applies only what differs,
// takes over nobody's object, deletes with the UID it means, writes its status only when it
// changes.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "kube/client.h"
#include "runtime/controller.h"
#include "runtime/store.h"
#include "simulation/defect.h"
#include "simulation/network.h"

namespace simulation {

class Model {
  public:
    Model(World& world, std::string who, kube::Client& client, const runtime::Store& parents,
          const runtime::Store& children, Intention& intention, Defect defect)
        : world_(world),
          who_(std::move(who)),
          client_(client),
          parents_(parents),
          children_(children),
          intention_(intention),
          defect_(defect) {}

    runtime::Outcome reconcile(const kube::ObjectKey& key,
                               const runtime::ReconcileContext& context);
    bool running(const kube::ObjectKey& key) const { return running_.contains(key); }

  private:
    runtime::Outcome bring(const kube::Object& parent, const runtime::ReconcileContext& context);
    // The three below: why the run cannot go on; nothing: it can.
    std::optional<std::string> make(const kube::Meta& parent, const kube::ObjectKey& key,
                                    const std::string& value,
                                    const runtime::ReconcileContext& context);
    std::optional<std::string> remove(const kube::Meta& child,
                                      const runtime::ReconcileContext& context);
    std::optional<std::string> publish(const kube::Object& parent, int64_t ready,
                                       const runtime::ReconcileContext& context);
    void wrote(const kube::ObjectKey& parent, const char* plural, const kube::Object& object,
               const runtime::ReconcileContext& context);
    void checkOwnWritesAreSeen(const kube::ObjectKey& key);
    void checkPace(const kube::ObjectKey& key);

    World& world_;
    const std::string who_;
    kube::Client& client_;
    const runtime::Store& parents_;
    const runtime::Store& children_;
    Intention& intention_;
    const Defect defect_;
    std::multiset<kube::ObjectKey> running_;
    struct Written {
        std::map<std::string, std::string> versions;  // by plural
        base::SteadyTime when;
    };
    std::map<kube::ObjectKey, Written> written_;
    std::map<kube::ObjectKey, std::deque<base::SteadyTime>> runs_;  // of late
};

// "<namespace>/<name>" of the parent that controls a child: an index, and the key to enqueue.
inline const std::string kByParent = "parent";

}  // namespace simulation
