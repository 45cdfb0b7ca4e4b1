#include "kube/warnings.h"

#include <mutex>
#include <set>

#include "base/log.h"

namespace kube {
namespace {

// Not without end: a server may put names into its warnings.
constexpr size_t kRemembered = 1000;

struct Said {
    std::mutex mutex;
    std::set<std::string> texts;
};

bool isNew(const std::string& text) {
    static Said said;
    const std::lock_guard lock(said.mutex);
    return said.texts.size() < kRemembered && said.texts.insert(text).second;
}

}  // namespace

void logWarnings(const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
        if (isNew(text)) {
            base::logWarning("the API server warns", {{"warning", text}});
        }
    }
}

}  // namespace kube
