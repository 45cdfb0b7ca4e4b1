#include "shop/routes.h"

#include <charconv>
#include <optional>
#include <string>

#include "shop/burn.h"

namespace shop {
namespace {

constexpr int longestBurnMilliseconds = 10000;

// The value of `name` in "a=1&b=2".
std::optional<std::string_view> parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        if (pair.substr(0, equals) == name) {
            return equals == std::string_view::npos ? "" : pair.substr(equals + 1);
        }
    }
    return std::nullopt;
}

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
    const auto text = parameter(request.query, "ms").value_or("100");
    int milliseconds = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), milliseconds);
    if (error != std::errc() || end != text.end() || milliseconds < 0 ||
        milliseconds > longestBurnMilliseconds) {
        return {.status = 400,
                .body = "ms is \"" + std::string(text) + "\": give a number from 0 to " +
                        std::to_string(longestBurnMilliseconds) + "\n"};
    }
    burn(std::chrono::milliseconds(milliseconds));
    return {.body = "burned " + std::to_string(milliseconds) + " ms\n"};
}

}  // namespace

std::vector<Route> routes(const Options& options, const std::string& hostname) {
    return {
        {.path = "/", .answer = [page = whoAnswers(options, hostname)](auto&) { return page; }},
        // The same for everybody until the next rollout: what an edge may keep.
        {.path = "/static/version",
         .answer = [page = whoAnswers(options, hostname)](auto&) { return page; }},
        {.path = "/healthz", .answer = [](auto&) { return Response{.body = "ok\n"}; }},
        {.path = "/burn", .slow = true, .answer = burnPage},
    };
}

}  // namespace shop
