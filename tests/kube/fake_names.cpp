#include "fake_names.h"

#include <dlfcn.h>
#include <netdb.h>

#include <map>
#include <mutex>

#include "support/http_stub.h"

namespace kube_test {

struct FakeName::State {
    std::string address;
    support::Gate asked;
    support::Gate answered;
};

namespace {

struct Names {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<FakeName::State>> known;
};
Names& names() {
    static auto* instance = new Names;
    return *instance;
}

std::shared_ptr<FakeName::State> find(const char* name) {
    const std::lock_guard lock(names().mutex);
    auto found = names().known.find(name == nullptr ? "" : name);
    return found == names().known.end() ? nullptr : found->second;
}

void tell(const std::string& name, const std::shared_ptr<FakeName::State>& state) {
    const std::lock_guard lock(names().mutex);
    names().known[name] = state;
}

}  // namespace

FakeName::FakeName(const std::string& name) : FakeName(name, "") {}

FakeName::FakeName(const std::string& name, const std::string& address)
    : name_(name), state_(std::make_shared<State>()) {
    state_->address = address;
    tell(name, state_);
}

FakeName::~FakeName() {
    {
        const std::lock_guard lock(names().mutex);
        names().known.erase(name_);
    }
    answer();
}

bool FakeName::awaitAsked() const {
    return state_->asked.wait();
}

void FakeName::answer() {
    state_->answered.open();
}

}  // namespace kube_test

// Stands before the system's own, also for the libraries below us.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
    using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    const bool digitsOnly = hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;
    const auto fake = digitsOnly ? nullptr : kube_test::find(node);
    if (!fake) {
        return real(node, service, hints, result);
    }
    fake->asked.open();
    if (!fake->address.empty()) {
        return real(fake->address.c_str(), service, hints, result);
    }
    static_cast<void>(fake->answered.wait());
    return EAI_NONAME;
}
