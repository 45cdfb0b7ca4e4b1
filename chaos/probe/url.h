// The few URLs a probe can load: http://HOST[:PORT][/PATH], nothing else.
//
//   auto url = probe::parseUrl("http://shop.shop.svc:8080/cart?id=1");
//   url->host;   // "shop.shop.svc"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace chaos::probe {

struct Url {
    std::string host;
    uint16_t port = 80;
    std::string path = "/";  // with the query
};

// Error: what is wrong with the text and what a right one looks like.
base::Result<Url> parseUrl(std::string_view text);

}  // namespace chaos::probe
