#include "shop/routes.h"

#include <string>

#include "shop/burn.h"
#include "shop/query.h"
#include "shop/trouble.h"

namespace shop {
namespace {

constexpr Number kBurn{.name = "ms", .fallback = 100, .most = 10000};

std::string quoted(std::string_view text) {
    std::string json = "\"";
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20) {
            continue;
        }
        if (c == '"' || c == '\\') {
            json += '\\';
        }
        json += c;
    }
    return json + "\"";
}

// {"hostname":"shop-web-abc12","zone":"z1","version":"1.0"}: which pod, where, of which rollout.
Response whoAnswers(const Options& options, const std::string& hostname) {
    std::string body = "{\"hostname\":" + quoted(hostname);
    if (!options.zone.empty()) {
        body += ",\"zone\":" + quoted(options.zone);
    }
    body += ",\"version\":" + quoted(options.version) + "}\n";
    return {.type = "application/json", .body = std::move(body)};
}

Response burnPage(const Request& request) {
    const auto milliseconds = number(request.query, kBurn);
    if (!milliseconds) {
        return refusal(request.query, kBurn);
    }
    burn(std::chrono::milliseconds(*milliseconds));
    return {.body = "burned " + std::to_string(*milliseconds) + " ms\n"};
}

}  // namespace

std::vector<Route> routes(const Options& options, const std::string& hostname,
                          const std::shared_ptr<Trouble>& trouble) {
    std::vector<Route> out{
        {.path = "/", .answer = [page = whoAnswers(options, hostname)](auto&) { return page; }},
        // The same for everybody until the next rollout: what an edge may keep.
        {.path = "/static/version",
         .answer = [page = whoAnswers(options, hostname)](auto&) { return page; }},
        {.path = "/healthz",
         .spared = true,
         .answer = [](auto&) { return Response{.body = "ok\n"}; }},
        {.path = "/burn", .slow = true, .answer = burnPage},
    };
    if (trouble) {
        out.push_back({.path = "/trouble",
                       .method = Method::Post,
                       .spared = true,
                       .answer = [trouble](auto& request) { return trouble->set(request.query); }});
        out.push_back({.path = "/counts", .spared = true, .answer = [trouble](auto&) {
                           return trouble->counts();
                       }});
    }
    return out;
}

}  // namespace shop
