// What a spec says about the edge of an application: the cache in front of it, and the providers
// and regions that its configuration is exported for.
//
//   std::optional<api::Cdn> cdn;
//   api::readCdn(spec, cdn);          // spec.cdn, with every default filled in
//   cdn->paths.front().ttlSeconds;
//
// Thread safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/fields.h"
#include "api/pod_fields.h"

namespace api {

inline constexpr const char* kWebOrigin = "web";  // the application's own pods

struct CacheKey {
    std::vector<std::string> headers;
    // None: the whole query. Else only these parameters count, and the origin sees no others.
    std::optional<std::vector<std::string>> query;
    bool operator==(const CacheKey&) const = default;

    // Whether answers may differ by this header of a request; the case does not count.
    bool hasHeader(const std::string& name) const;
};

struct CdnPath {
    std::string match;  // "*" stands for any characters
    int64_t ttlSeconds = 0;
    int64_t clientTTLSeconds = 0;  // 0: a client asks each time whether what it has is still good
    CacheKey cacheKey;
    int64_t negativeTTLSeconds = 10;
    bool operator==(const CdnPath&) const = default;

    // `match` as a regular expression of PCRE: nginx and VCL take it.
    std::string pattern() const;
    // Whether it matches all that the other one does.
    bool covers(const CdnPath& other) const;
};

struct CdnOrigin {
    std::string name;
    std::string host;  // empty: the web tier
    int64_t port = 443;
    bool operator==(const CdnOrigin&) const = default;

    bool isWeb() const { return host.empty(); }
    bool usesTls() const { return port == 443; }
};

enum class CdnProviderType { CloudFront, Cloudflare, Fastly, GoogleCloud };

struct CdnProvider {
    std::string name;
    CdnProviderType type = CdnProviderType::CloudFront;
    int64_t weight = 100;
    std::string domain;  // that the provider gave; empty: not known yet
    bool operator==(const CdnProvider&) const = default;
};

struct Cdn {
    std::string image = "nginx:1";
    int64_t replicasPerZone = 1;
    int64_t cacheSizeMiB = 512;
    Resources resources;         // of each nginx pod; what is not given is the operator's choice
    Overrides overrides;         // of the nginx pods
    std::vector<CdnPath> paths;  // the first that matches counts
    int64_t staleIfErrorSeconds = 86400;
    int64_t staleWhileRevalidateSeconds = 60;
    std::vector<CdnOrigin> origins{{.name = kWebOrigin, .host = ""}};
    std::string purgeToken;
    std::vector<CdnProvider> providers;
    bool operator==(const Cdn&) const = default;
};

enum class GeoRole { Active, Standby };

struct Geo {
    GeoRole role = GeoRole::Active;
    std::string region;
    bool dns = true;  // whether its records are exported
    bool operator==(const Geo&) const = default;
};

void readCdn(Fields& spec, std::optional<Cdn>& out);
void readGeo(Fields& spec, std::optional<Geo>& out);

}  // namespace api
