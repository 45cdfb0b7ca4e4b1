#include "reconcile/rest.h"

#include <functional>
#include <string_view>
#include <utility>

#include "kube/json_scan.h"

namespace reconcile {
namespace {

// Told apart by their digest: a status is long.
size_t statusDigest(const std::string& app) {
    size_t digest = 0;
    kube::scanObject(app, [&](std::string_view key, std::string_view value) {
        if (key == "status") {
            digest = std::hash<std::string_view>()(value);
        }
        return true;
    });
    return digest;
}

}  // namespace

std::string sightOf(const kube::Object& app, const std::vector<kube::ObjectPtr>& children,
                    const std::vector<kube::ObjectPtr>& runs) {
    std::string out = app.meta().uid + " " + std::to_string(app.meta().generation) + " " +
                      std::to_string(statusDigest(app.text()));
    for (const auto* all : {&children, &runs}) {
        for (const auto& one : *all) {
            out += " " + one->meta().resourceVersion;
        }
    }
    return out;
}

bool RestBook::has(const kube::ObjectKey& app) const {
    const std::lock_guard lock(mutex_);
    return sights_.contains(app);
}

bool RestBook::knows(const kube::ObjectKey& app, const std::string& sight) const {
    const std::lock_guard lock(mutex_);
    auto page = sights_.find(app);
    return page != sights_.end() && page->second == sight;
}

void RestBook::note(const kube::ObjectKey& app, std::string sight) {
    sight.shrink_to_fit();
    const std::lock_guard lock(mutex_);
    sights_[app] = std::move(sight);
}

void RestBook::forget(const kube::ObjectKey& app) {
    const std::lock_guard lock(mutex_);
    sights_.erase(app);
}

}  // namespace reconcile
