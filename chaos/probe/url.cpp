#include "chaos/probe/url.h"

#include <algorithm>
#include <charconv>

namespace chaos::probe {
namespace {

base::Failure<base::Error> wrong(std::string_view text, const std::string& why) {
    return base::fail("\"" + std::string(text) + "\": " + why + "; give http://HOST[:PORT][/PATH]");
}

bool printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

base::Result<Url> parseUrl(std::string_view text) {
    constexpr std::string_view scheme = "http://";
    if (!text.starts_with(scheme)) {
        return wrong(text, "is no http:// URL");
    }
    if (!printable(text)) {
        return wrong(text, "has a blank or a character that is not ASCII");
    }
    auto rest = text.substr(scheme.size());
    auto slash = std::min(rest.find('/'), rest.size());
    auto authority = rest.substr(0, slash);
    Url url;
    if (slash < rest.size()) {
        url.path = rest.substr(slash);
    }
    auto colon = authority.rfind(':');
    url.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) {
        auto digits = authority.substr(colon + 1);
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
        if (error != std::errc() || end != digits.data() + digits.size() || url.port == 0) {
            return wrong(text, "has no port from 1 to 65535 after the colon");
        }
    }
    if (url.host.empty()) {
        return wrong(text, "names no host");
    }
    return url;
}

}  // namespace chaos::probe
