// What a person can do about a reason that the conditions of a ScalableApp give.
//
//   cli::remedyFor("ImagePullBackOff", {.namespace_ = "ns", .app = "shop", .tier = "web"});
//
// Thread safety: pure functions.
#pragma once

#include <string>

namespace cli {

struct Where {
    std::string namespace_;
    std::string app;
    std::string tier = {};  // empty: not about one
};

// One line, with the command to type where there is one. Empty: nothing is to be done but to wait,
// or the reason is somebody else's.
std::string remedyFor(const std::string& reason, const Where& where);

}  // namespace cli
