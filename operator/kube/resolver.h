// Names to addresses, with an end: the system's look-up cannot be interrupted and may take half a
// minute when a name server is gone.
//
//   auto addresses = resolve("api.example", 6443, until, stop);
//   if (!addresses) { ... Timeout, Cancelled, or Unreachable with the system's reason ... }
//
// The look-up runs on a thread of its own, one per name whoever asks for it; a caller that leaves
// leaves it behind, and it ends by itself. Thread safety: any thread. Blocking: until answered,
// `until` or `stop`; an address in digits is answered at once.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "kube/errors.h"

namespace kube {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }
};

// In the order in which to try them; never empty.
ApiResult<std::vector<Address>> resolve(const std::string& host, int port,
                                        std::chrono::steady_clock::time_point until,
                                        const std::stop_token& stop);

}  // namespace kube
