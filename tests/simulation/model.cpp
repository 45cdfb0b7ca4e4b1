#include "simulation/model.h"

#include <utility>

#include "base/json.h"
#include "runtime/owner.h"
#include "simulation/kinds.h"

namespace simulation {
namespace {

using namespace std::chrono_literals;
using kube::ErrorKind;
using runtime::Outcome;

// The gate opens by itself then: a version that never comes must not block for ever.
constexpr auto kGateLimit = 5min;
// A burst of 20 and two a second: what the controller promises.
constexpr size_t kRunsInTenSeconds = 41;

base::Result<base::Json> childIntent(const kube::Meta& parent, const kube::ObjectKey& key,
                                     const std::string& value) {
    return runtime::withController({kParents, parent.key, parent.uid}, kChildren,
                                   {{"apiVersion", kChildren.apiVersion()},
                                    {"kind", kChildren.kind},
                                    {"metadata",
                                     {{"namespace", key.namespace_},
                                      {"name", key.name},
                                      {"labels", {{"parent", parent.key.name}}}}},
                                    {"data", {{"value", value}}}});
}

bool ownedBy(const kube::Meta& child, const kube::Meta& parent) {
    for (const auto& owner : child.owners) {
        if (owner.controller && owner.uid == parent.uid) {
            return true;
        }
    }
    return false;
}

}  // namespace

Outcome Model::reconcile(const kube::ObjectKey& key, const runtime::ReconcileContext& context) {
    if (running_.contains(key)) {
        world_.violated("two reconciles of " + key.str() + " at once in " + who_);
    }
    world_.trace(who_ + " reconciles " + key.str());
    checkOwnWritesAreSeen(key);
    checkPace(key);
    auto place = running_.insert(key);
    auto parent = parents_.get(key);
    auto outcome =
        parent == nullptr || parent->meta().deleting ? Outcome::done() : bring(*parent, context);
    running_.erase(place);
    world_.trace(who_ + " has reconciled " + key.str() + ": " +
                 (outcome.kind() == Outcome::Kind::Done ? "done" : outcome.message()));
    return defect_ == Defect::ForgetsErrors ? Outcome::done() : outcome;
}

void Model::checkOwnWritesAreSeen(const kube::ObjectKey& key) {
    auto written = written_.extract(key);
    if (written.empty() || world_.steady() - written.mapped().when >= kGateLimit) {
        return;
    }
    for (const auto& [plural, version] : written.mapped().versions) {
        const auto& store = plural == kParents.plural ? parents_ : children_;
        if (!kube::atLeast(store.resourceVersion(), version)) {
            world_.violated(who_ + " reconciles " + key.str() + " from before its own write @" +
                            version + ": " + plural + " are at " + store.resourceVersion());
        }
    }
}

void Model::checkPace(const kube::ObjectKey& key) {
    auto& runs = runs_[key];
    runs.push_back(world_.steady());
    while (runs.front() < world_.steady() - 10s) {
        runs.pop_front();
    }
    if (runs.size() > kRunsInTenSeconds) {
        world_.violated(who_ + " answers its own echo: " + key.str() + " ran " +
                        std::to_string(runs.size()) + " times in ten seconds");
    }
}

Outcome Model::bring(const kube::Object& parent, const runtime::ReconcileContext& context) {
    const auto& meta = parent.meta();
    auto spec = parent.json();
    auto count = base::intAt(spec, "/spec/count").value_or(0);
    auto value = base::stringAt(spec, "/spec/value").value_or("");
    int64_t ready = 0;
    std::set<kube::ObjectKey> wanted;
    for (int64_t i = 0; i < count; ++i) {
        kube::ObjectKey key{meta.key.namespace_, meta.key.name + "-" + std::to_string(i)};
        wanted.insert(key);
        auto child = children_.get(key);
        if (child != nullptr && !ownedBy(child->meta(), meta)) {
            // A predecessor's goes by itself and a stranger's is not ours: its end is an event.
            continue;
        }
        if (child != nullptr && base::stringAt(child->json(), "/data/value") == value) {
            ++ready;
            continue;
        }
        if (auto why = make(meta, key, value, context)) {
            return Outcome::retry(*why);
        }
    }
    for (const auto& child : children_.byIndex(kByParent, meta.uid)) {
        if (!wanted.contains(child->meta().key)) {
            if (auto why = remove(child->meta(), context)) {
                return Outcome::retry(*why);
            }
        }
    }
    auto why = publish(parent, ready, context);
    return why ? Outcome::retry(*why) : Outcome::done();
}

std::optional<std::string> Model::make(const kube::Meta& parent, const kube::ObjectKey& key,
                                       const std::string& value,
                                       const runtime::ReconcileContext& context) {
    auto intent = childIntent(parent, key, value);
    if (!intent) {
        return intent.error().message;
    }
    auto known = children_.get(key);
    if (known != nullptr) {
        (*intent)["metadata"]["uid"] = known->meta().uid;
    }
    // create refuses a name that is taken, where apply would take the object over.
    auto made = known == nullptr ? client_.create(kChildren, *intent, context.stop)
                                 : client_.apply(kChildren, *intent, context.stop);
    if (!made) {
        return made.error().str();
    }
    wrote(parent.key, "children", **made, context);
    return std::nullopt;
}

std::optional<std::string> Model::remove(const kube::Meta& child,
                                         const runtime::ReconcileContext& context) {
    intention_.deleting[child.key.str()] = child.uid;
    auto uid = child.uid;
    if (defect_ == Defect::DeletesWithoutUid) {
        auto now = client_.get(kChildren, child.key, context.stop);
        uid = now ? (*now)->meta().uid : uid;
    }
    auto removed = client_.remove(kChildren, child.key, uid, context.stop);
    if (removed || removed.error().is(ErrorKind::NotFound) ||
        removed.error().is(ErrorKind::Conflict)) {
        return std::nullopt;  // what the store shows is on its way out already
    }
    return removed.error().str();
}

std::optional<std::string> Model::publish(const kube::Object& parent, int64_t ready,
                                          const runtime::ReconcileContext& context) {
    const auto& meta = parent.meta();
    base::Json status{{"ready", ready}, {"observedGeneration", meta.generation}};
    auto tree = parent.json();
    const auto* before = base::at(tree, "/status");
    if (defect_ != Defect::AlwaysWrites && before != nullptr && *before == status) {
        return std::nullopt;
    }
    if (defect_ == Defect::AlwaysWrites) {
        status["at"] = base::formatMicroTime(world_.wall());
    }
    auto written = client_.applyStatus(
        kParents,
        {{"apiVersion", kParents.apiVersion()},
         {"kind", kParents.kind},
         {"metadata",
          {{"namespace", meta.key.namespace_}, {"name", meta.key.name}, {"uid", meta.uid}}},
         {"status", status}},
        context.stop);
    if (!written) {
        return written.error().str();
    }
    wrote(meta.key, "parents", **written, context);
    return std::nullopt;
}

void Model::wrote(const kube::ObjectKey& parent, const char* plural, const kube::Object& object,
                  const runtime::ReconcileContext& context) {
    const auto& version = object.meta().resourceVersion;
    context.wrote(plural, version);
    auto& written = written_[parent];
    written.when = world_.steady();
    auto& newest = written.versions[plural];
    if (kube::atLeast(version, newest)) {
        newest = version;
    }
}

}  // namespace simulation
