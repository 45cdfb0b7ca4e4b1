#include "kube/server_url.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "kube/encoding.h"

namespace kube {
namespace {

// "host:port" of "scheme://user@host:port/path".
std::string_view authority(std::string_view url) {
    const size_t scheme = url.find("://");
    if (scheme != std::string_view::npos) {
        url.remove_prefix(scheme + 3);
    }
    url = url.substr(0, url.find_first_of("/?#"));
    const size_t user = url.rfind('@');
    return user == std::string_view::npos ? url : url.substr(user + 1);
}

struct Address {
    std::array<unsigned char, 16> bytes{};
    size_t size = 0;  // 4 or 16
};

std::optional<Address> parseAddress(const std::string& text) {
    Address out;
    if (inet_pton(AF_INET, text.c_str(), out.bytes.data()) == 1) {
        out.size = 4;
        return out;
    }
    if (inet_pton(AF_INET6, text.c_str(), out.bytes.data()) == 1) {
        out.size = 16;
        return out;
    }
    return std::nullopt;
}

bool inNetwork(const Address& address, std::string_view network) {
    const size_t slash = network.find('/');
    auto start = parseAddress(std::string(network.substr(0, slash)));
    size_t bits = 0;
    const auto* end = network.data() + network.size();
    if (!start || start->size != address.size ||
        std::from_chars(network.data() + slash + 1, end, bits).ptr != end ||
        bits > address.size * 8) {
        return false;
    }
    for (size_t i = 0; i < bits; ++i) {
        const unsigned mask = 0x80U >> (i % 8);
        if (((address.bytes[i / 8] ^ start->bytes[i / 8]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

bool entryNames(std::string_view entry, const std::string& host, int port) {
    if (entry == "*") {
        return true;
    }
    const auto address = parseAddress(host);
    if (entry.find('/') != std::string_view::npos) {
        return address && inNetwork(*address, entry);
    }
    const std::string suffix = ":" + std::to_string(port);
    if (entry.ends_with(suffix)) {
        entry.remove_suffix(suffix.size());
    }
    if (entry == host) {
        return true;
    }
    if (address || entry.empty()) {
        return false;
    }
    const std::string below = entry.front() == '.' ? std::string(entry) : "." + std::string(entry);
    return host.ends_with(below);
}

bool excluded(std::string_view list, const std::string& host, int port) {
    while (!list.empty()) {
        const size_t comma = std::min(list.find(','), list.size());
        if (entryNames(trim(list.substr(0, comma)), host, port)) {
            return true;
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

bool loopback(const std::string& host) {
    const auto address = parseAddress(host);
    return host == "localhost" ||
           (address && (inNetwork(*address, "127.0.0.0/8") || inNetwork(*address, "::1/128")));
}

std::string variable(const std::map<std::string, std::string>& environment, const char* upper,
                     const char* lower) {
    for (const char* name : {upper, lower}) {
        if (auto found = environment.find(name);
            found != environment.end() && !found->second.empty()) {
            return found->second;
        }
    }
    return "";
}

}  // namespace

std::string hostOf(const std::string& url) {
    const std::string_view text = authority(url);
    if (text.starts_with('[')) {
        return std::string(text.substr(1, text.find(']') - 1));
    }
    return std::string(text.substr(0, text.rfind(':')));
}

int portOf(const std::string& url) {
    const std::string_view text = authority(url);
    const size_t colon = text.find(':', text.starts_with('[') ? text.find(']') : 0);
    int port = url.starts_with("http://") ? 80 : 443;
    if (colon != std::string_view::npos) {
        std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
    }
    return port;
}

std::string authorityOf(const std::string& url) {
    return std::string(authority(url));
}

std::string pathOf(const std::string& url) {
    const size_t scheme = url.find("://");
    const size_t slash = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
    return slash == std::string::npos ? "" : url.substr(slash);
}

std::string userOf(const std::string& url) {
    const size_t scheme = url.find("://");
    const size_t start = scheme == std::string::npos ? 0 : scheme + 3;
    const std::string whole = url.substr(start, url.find_first_of("/?#", start) - start);
    const size_t at = whole.rfind('@');
    return at == std::string::npos ? "" : percentDecode(whole.substr(0, at));
}

bool supportedProxy(const std::string& url) {
    return url.starts_with("http://") && !hostOf(url).empty();
}

std::string proxyFor(const ClusterConfig& config,
                     const std::map<std::string, std::string>& environment) {
    if (!config.proxyUrl.empty()) {
        return config.proxyUrl;
    }
    const std::string proxy = config.server.starts_with("https://")
                                  ? variable(environment, "HTTPS_PROXY", "https_proxy")
                                  : variable(environment, "HTTP_PROXY", "http_proxy");
    const std::string host = hostOf(config.server);
    if (proxy.empty() || loopback(host) ||
        excluded(variable(environment, "NO_PROXY", "no_proxy"), host, portOf(config.server))) {
        return "";
    }
    return proxy.find("://") == std::string::npos ? "http://" + proxy : proxy;
}

}  // namespace kube
