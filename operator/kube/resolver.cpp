#include "kube/resolver.h"

#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "kube/answer.h"

namespace kube {
namespace {

struct Found {
    std::vector<Address> addresses;
    std::string error;
};

Found lookUp(const std::string& host, int port, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* list = nullptr;
    const int state = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    Found out;
    for (const addrinfo* one = list; state == 0 && one != nullptr; one = one->ai_next) {
        Address address;
        std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
        address.size = one->ai_addrlen;
        out.addresses.push_back(address);
    }
    if (state == 0) {
        ::freeaddrinfo(list);
    } else {
        out.error = ::gai_strerror(state);
    }
    return out;
}

struct LookUp {
    std::mutex mutex;
    std::condition_variable_any done;
    std::optional<Found> found;
};

// Under way at the moment. Never destroyed: a look-up may outlive the end of main.
struct UnderWay {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<LookUp>> byName;
};
UnderWay& underWay() {
    static auto* instance = new UnderWay;
    return *instance;
}

void run(const std::string& name, const std::string& host, int port,
         const std::shared_ptr<LookUp>& lookup) {
    Found found = lookUp(host, port, AI_ADDRCONFIG);
    {
        const std::lock_guard lock(underWay().mutex);
        underWay().byName.erase(name);
    }
    const std::lock_guard lock(lookup->mutex);
    lookup->found = std::move(found);
    lookup->done.notify_all();
}

std::shared_ptr<LookUp> join(const std::string& host, int port) {
    const std::string name = host + ":" + std::to_string(port);
    const std::lock_guard lock(underWay().mutex);
    auto& entry = underWay().byName[name];
    if (!entry) {
        entry = std::make_shared<LookUp>();
        std::thread(run, name, host, port, entry).detach();
    }
    return entry;
}

ApiResult<std::vector<Address>> outcome(const std::string& host, Found found) {
    if (found.addresses.empty()) {
        return base::failWith(noAnswer(ErrorKind::Unreachable,
                                       "name " + host + " cannot be looked up: " + found.error));
    }
    return std::move(found.addresses);
}

}  // namespace

ApiResult<std::vector<Address>> resolve(const std::string& host, int port,
                                        std::chrono::steady_clock::time_point until,
                                        const std::stop_token& stop) {
    if (Found digits = lookUp(host, port, AI_NUMERICHOST); !digits.addresses.empty()) {
        return std::move(digits.addresses);
    }
    const auto lookup = join(host, port);
    std::unique_lock lock(lookup->mutex);
    if (lookup->done.wait_until(lock, stop, until, [&] { return lookup->found.has_value(); })) {
        return outcome(host, *lookup->found);
    }
    if (stop.stop_requested()) {
        return base::failWith(noAnswer(ErrorKind::Cancelled, "the call was stopped"));
    }
    return base::failWith(
        noAnswer(ErrorKind::Timeout, "the look-up of the name " + host + " took too long"));
}

}  // namespace kube
