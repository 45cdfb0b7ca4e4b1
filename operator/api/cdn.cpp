#include "api/cdn.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace api {
namespace {

constexpr int64_t kYear = 31536000;
constexpr TextBounds kLabel{1, 32};

bool isWord(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

bool consistsOf(const std::string& text, const char* others) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return isWord(c) || std::string(others).find(c) != std::string::npos;
    });
}

// What names of objects and of hosts are made of.
bool isLowerName(const std::string& text, const char* others) {
    bool upper = std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    return !upper && consistsOf(text, others) && isWord(text.front()) && isWord(text.back());
}

void refuseTwice(Fields& key, const char* field, const std::vector<std::string>& names) {
    std::set<std::string> seen;
    for (size_t i = 0; i < names.size(); ++i) {
        if (!seen.insert(names[i]).second) {
            key.problem().add(key.pathOf(field) + "[" + std::to_string(i) +
                              "]: Duplicate value: \"" + names[i] + "\": remove one of them");
        }
    }
}

void readKey(Fields& path, CacheKey& out) {
    path.object("cacheKey", [&](Fields& key) {
        key.texts("headers", out.headers, 8, 64);
        for (const auto& header : out.headers) {
            key.rule(consistsOf(header, "-"),
                     "`headers` must be names of letters, digits and '-', for example "
                     "`Accept-Language`");
        }
        refuseTwice(key, "headers", out.headers);
        if (key.find("query") != nullptr) {
            key.texts("query", out.query.emplace(), 16, 64);
            for (const auto& name : *out.query) {
                key.rule(consistsOf(name, "_"),
                         "`query` must be names of letters, digits and '_'; leave it out to let "
                         "the whole query count");
            }
            refuseTwice(key, "query", *out.query);
        }
    });
}

void readPaths(Fields& cdn, std::vector<CdnPath>& out) {
    std::set<std::string> seen;
    cdn.require("paths", "say what may be cached and for how long, for example `/static/*`");
    cdn.list("paths", 32, [&](Fields& item) {
        CdnPath path;
        item.requiredText("match", path.match, {1, 256}, "name the path, for example `/static/*`");
        item.rule(path.match.starts_with('/') && consistsOf(path.match, "/_.~*+@:,=-"),
                  "`match` must begin with '/' and consist of letters, digits and /_.~+@:,=- ; '*' "
                  "stands for any characters");
        item.require("ttlSeconds", "say for how long the edges may keep an answer");
        item.integer("ttlSeconds", path.ttlSeconds, 1, kYear);
        item.integer("clientTTLSeconds", path.clientTTLSeconds, 0, kYear);
        item.integer("negativeTTLSeconds", path.negativeTTLSeconds, 0, 3600);
        readKey(item, path.cacheKey);
        if (!seen.insert(path.match).second) {
            item.problem().add(item.path() + ": Duplicate value: {\"match\":\"" + path.match +
                               "\"}: remove one of them");
        }
        out.push_back(std::move(path));
    });
    cdn.rule(!out.empty(), "`paths` must have at least one item: nothing else is cached");
}

void readOrigins(Fields& cdn, std::vector<CdnOrigin>& out) {
    if (cdn.find("origins") == nullptr) {
        return;
    }
    std::vector<CdnOrigin> origins;
    std::set<std::string> seen;
    cdn.list("origins", 4, [&](Fields& item) {
        CdnOrigin origin;
        bool hasPort = item.find("port") != nullptr;
        item.requiredText("name", origin.name, kLabel, "name the origin; `web` is the web tier");
        item.text("host", origin.host, {1, 253});
        item.integer("port", origin.port, 1, 65535);
        item.rule(
            isLowerName(origin.name, "-"),
            "`name` of an origin must consist of lower-case letters, digits or '-', and begin "
            "and end with a letter or digit");
        item.rule(
            origin.name == kWebOrigin ? origin.host.empty() && !hasPort : !origin.host.empty(),
            "an origin must have a `host`; only `web`, the web tier itself, has neither "
            "`host` nor `port`");
        item.rule(origin.host.empty() || isLowerName(origin.host, ".-"),
                  "`host` must be a host name or an IPv4 address, without scheme, port or path");
        item.unique(origin.name, seen);
        origins.push_back(std::move(origin));
    });
    cdn.rule(!origins.empty(),
             "`origins` must have at least one item, or be left out: then it is "
             "the web tier");
    out = std::move(origins);
}

CdnProviderType typeOf(const std::string& name) {
    for (const auto& [text, type] : {std::pair{"Cloudflare", CdnProviderType::Cloudflare},
                                     std::pair{"Fastly", CdnProviderType::Fastly},
                                     std::pair{"GoogleCloud", CdnProviderType::GoogleCloud}}) {
        if (name == text) {
            return type;
        }
    }
    return CdnProviderType::CloudFront;
}

void readProviders(Fields& cdn, std::vector<CdnProvider>& out) {
    std::set<std::string> seen;
    cdn.list("providers", 8, [&](Fields& item) {
        CdnProvider provider;
        std::string type;
        item.requiredText("name", provider.name, kLabel, "name the provider's configuration");
        item.require("type", "say whose configuration it is");
        item.oneOf("type", type, {"CloudFront", "Cloudflare", "Fastly", "GoogleCloud"});
        provider.type = typeOf(type);
        item.integer("weight", provider.weight, 0, 255);
        item.text("domain", provider.domain, {1, 253});
        item.rule(isLowerName(provider.name, "-"),
                  "`name` of a provider must consist of lower-case letters, digits or '-', and "
                  "begin and end with a letter or digit");
        item.rule(provider.domain.empty() || isLowerName(provider.domain, ".-"),
                  "`domain` must be the host name that the provider gave, without scheme or path");
        item.unique(provider.name, seen);
        out.push_back(std::move(provider));
    });
    bool any = std::any_of(out.begin(), out.end(),
                           [](const CdnProvider& provider) { return provider.weight > 0; });
    cdn.rule(out.empty() || any,
             "at least one of `providers` must have a `weight` above 0: nobody would be sent "
             "anywhere");
}

}  // namespace

// "/static/*" -> "^/static/.*$"
std::string CdnPath::pattern() const {
    std::string out = "^";
    for (char c : match) {
        if (c == '*') {
            out += ".*";
        } else {
            out += (c == '.' || c == '+' ? "\\" : "") + std::string(1, c);
        }
    }
    return out + "$";
}

// The other's "*" may be anything: only a "*" matches it.
bool CdnPath::covers(const CdnPath& other) const {
    size_t at = 0;
    size_t star = std::string::npos;
    size_t taken = 0;
    for (size_t i = 0; i < other.match.size();) {
        if (at < match.size() && match[at] == '*') {
            star = at++;
            taken = i;
        } else if (at < match.size() && match[at] == other.match[i]) {
            ++at;
            ++i;
        } else if (star != std::string::npos) {
            at = star + 1;
            i = ++taken;
        } else {
            return false;
        }
    }
    return match.find_first_not_of('*', at) == std::string::npos;
}

bool CacheKey::hasHeader(const std::string& name) const {
    auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    return std::any_of(headers.begin(), headers.end(), [&](const std::string& one) {
        return std::equal(one.begin(), one.end(), name.begin(), name.end(), same);
    });
}

void readCdn(Fields& spec, std::optional<Cdn>& out) {
    spec.object("cdn", [&](Fields& from) {
        auto& cdn = out.emplace();
        from.text("image", cdn.image, {1, 512});
        from.integer("replicasPerZone", cdn.replicasPerZone, 1, 16);
        from.integer("cacheSizeMiB", cdn.cacheSizeMiB, 64, 1048576);
        from.object("resources",
                    [&](Fields& resources) { readResources(resources, cdn.resources); });
        from.object("overrides",
                    [&](Fields& overrides) { readOverrides(overrides, cdn.overrides); });
        readPaths(from, cdn.paths);
        from.integer("staleIfErrorSeconds", cdn.staleIfErrorSeconds, 0, kYear);
        from.integer("staleWhileRevalidateSeconds", cdn.staleWhileRevalidateSeconds, 0, 86400);
        readOrigins(from, cdn.origins);
        from.text("purgeToken", cdn.purgeToken, {0, 128});
        readProviders(from, cdn.providers);
    });
}

void readGeo(Fields& spec, std::optional<Geo>& out) {
    spec.object("geo", [&](Fields& from) {
        auto& geo = out.emplace();
        std::string role = "Active";
        from.oneOf("role", role, {"Active", "Standby"});
        geo.role = role == "Standby" ? GeoRole::Standby : GeoRole::Active;
        from.requiredText("region", geo.region, {1, 63}, "name the region of this cluster");
        from.rule(isLowerName(geo.region, "-"),
                  "`region` must consist of lower-case letters, digits or '-', and begin and end "
                  "with a letter or digit");
        std::string dns = "DNSEndpoint";
        from.oneOf("dns", dns, {"None", "DNSEndpoint"});
        geo.dns = dns != "None";
    });
}

}  // namespace api
