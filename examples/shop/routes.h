// What the shop answers, without a word about sockets: a table of routes.
//
//   for (const shop::Route& route : shop::routes(options, "shop-web-abc12")) { ... }
//
// To add a page, add a row in routes.cpp. A row that waits (for a database, a cache) or computes is
// `slow`: the server calls it on a worker thread, so that /healthz is answered at any load.
//
// Thread safety: `answer` is called from several threads at once; it may throw nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shop/options.h"

namespace shop {

struct Request {
    std::string_view path;   // "/burn"
    std::string_view query;  // "ms=50", without the question mark
};

struct Response {
    unsigned status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
    std::string allow = {};  // of 405: the methods that there are
};

enum class Method { Get, Post };  // Get: HEAD as well

struct Route {
    std::string path;
    Method method = Method::Get;
    bool slow = false;
    bool spared = false;  // from trouble, and not counted
    std::function<Response(const Request&)> answer;
};

class Trouble;

// `trouble`: null where none is allowed.
std::vector<Route> routes(const Options& options, const std::string& hostname,
                          const std::shared_ptr<Trouble>& trouble = nullptr);

}  // namespace shop
