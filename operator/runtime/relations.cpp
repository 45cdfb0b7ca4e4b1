#include "runtime/relations.h"

#include <set>
#include <utility>

namespace runtime {

Mapper itself() {
    return [](const kube::Meta& object) { return std::vector{object.key}; };
}

Mapper controllingOwner(std::string kind) {
    return [kind = std::move(kind)](const kube::Meta& object) {
        std::vector<kube::ObjectKey> keys;
        for (const auto& owner : object.owners) {
            if (owner.controller && owner.kind == kind) {
                keys.push_back({object.key.namespace_, owner.name});
            }
        }
        return keys;
    };
}

Informer::Handler relation(
    Mapper mapper, const RelationOptions& options,
    std::function<void(const kube::ObjectKey&, std::chrono::milliseconds, int)> enqueue) {
    return [mapper = std::move(mapper), options, enqueue = std::move(enqueue)](
               const Store::Change& change, bool initial) {
        if (initial && !options.firstList) {
            return;
        }
        std::set<kube::ObjectKey> concerned;
        for (const auto& object : {change.before, change.after}) {
            if (object != nullptr) {
                for (auto& key : mapper(object->meta())) {
                    concerned.insert(std::move(key));
                }
            }
        }
        for (const auto& key : concerned) {
            if (!key.name.empty()) {
                enqueue(key, options.burst, initial ? kStartupPriority : 0);
            }
        }
    };
}

void relate(Informer& informer, Controller& controller, Mapper mapper,
            const RelationOptions& options) {
    informer.onChange(
        relation(std::move(mapper), options,
                 [&controller](const kube::ObjectKey& key, std::chrono::milliseconds pause,
                               int priority) { controller.enqueueAfter(key, pause, priority); }));
}

}  // namespace runtime
