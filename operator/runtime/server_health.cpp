#include "runtime/server_health.h"

#include <utility>

#include "base/log.h"

namespace runtime {

void ServerHealth::failed(const std::string& who, const kube::ApiError& error) {
    std::lock_guard lock(mutex_);
    bool first = failing_.empty();
    failing_.insert(who);
    if (first) {
        base::logWarning("the API server does not answer; trying again with growing pauses",
                         {{"resource", who}, {"error", error.str()}});
    }
}

void ServerHealth::answered(const std::string& who) {
    std::lock_guard lock(mutex_);
    if (failing_.erase(who) > 0 && failing_.empty()) {
        base::logInfo("the API server answers again");
    }
    wakeAll();
}

void ServerHealth::reached() {
    std::lock_guard lock(mutex_);
    wakeAll();
}

void ServerHealth::wakeAll() {
    for (const auto* wake : waiting_) {
        (*wake)();
    }
}

std::shared_ptr<void> ServerHealth::onAnswer(std::function<void()> wake) {
    auto* entry = new std::function<void()>(std::move(wake));
    std::shared_ptr<void> handle(entry, [this, entry](void*) {
        {
            std::lock_guard lock(mutex_);
            waiting_.erase(entry);
        }
        delete entry;
    });
    std::lock_guard lock(mutex_);
    waiting_.insert(entry);
    return handle;
}

}  // namespace runtime
