// One watch as the server sees it. Guarded by the server's lock.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "apiserver/faults.h"
#include "apiserver/target.h"
#include "base/clock.h"
#include "kube/errors.h"

namespace test {

struct Watch {
    Target target;
    std::string path;
    uint64_t id = 0;
    uint64_t version = 0;  // told up to here
    size_t raw = 0;
    uint64_t bookmarks = 0;
    uint64_t cuts = 0;
    std::optional<base::SteadyTime> deadline{};
    std::deque<std::string> lines{};  // not taken yet
    std::optional<Fault> fault{};
    size_t passed = 0;    // lines taken
    bool ending = false;  // no line after those that are here
    std::optional<kube::ApiError> error{};
};

}  // namespace test
