#include "kube/environment.h"

#include <openssl/x509.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <optional>
#include <string_view>

namespace kube {
namespace {

constexpr const char* kVariable = "SSL_CERT_FILE";

struct Original {
    std::optional<std::string> trustFile;
    bool changed = false;
    std::mutex mutex;
};

Original& original() {
    static Original instance;
    return instance;
}

std::optional<std::string> current() {
    const char* value = std::getenv(kVariable);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

void useOwnTrustOnly() {
    auto& saved = original();
    const std::lock_guard lock(saved.mutex);
    if (!saved.changed) {
        saved.trustFile = current();
        saved.changed = true;
        ::setenv(kVariable, "/dev/null", 1);
    }
}

std::map<std::string, std::string> originalEnvironment() {
    std::map<std::string, std::string> out;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const size_t equals = text.find('=');
        if (equals != std::string_view::npos) {
            out.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    auto& saved = original();
    const std::lock_guard lock(saved.mutex);
    if (saved.changed) {
        out.erase(kVariable);
        if (saved.trustFile) {
            out[kVariable] = *saved.trustFile;
        }
    }
    return out;
}

std::string systemTrustFile() {
    auto& saved = original();
    const std::lock_guard lock(saved.mutex);
    auto set = saved.changed ? saved.trustFile : current();
    return set.value_or(X509_get_default_cert_file());
}

}  // namespace kube
