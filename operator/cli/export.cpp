#include "cli/export.h"

#include <arpa/inet.h>

#include <algorithm>

#include "cli/yaml.h"

namespace cli {
namespace {

using api::CdnProviderType;
using base::Json;

constexpr int64_t kRecordSeconds = 60;
constexpr int64_t kWholeWeight = 100;

const char* recordTypeOf(const std::string& target) {
    in6_addr bytes{};
    if (inet_pton(AF_INET, target.c_str(), &bytes) == 1) {
        return "A";
    }
    return inet_pton(AF_INET6, target.c_str(), &bytes) == 1 ? "AAAA" : "CNAME";
}

Json recordOf(const std::string& name, const std::string& target, const std::string& identifier,
              int64_t weight) {
    return {{"dnsName", name},
            {"recordType", recordTypeOf(target)},
            {"recordTTL", kRecordSeconds},
            {"targets", Json::array({target})},
            {"setIdentifier", identifier},
            {"providerSpecific",
             Json::array({{{"name", "aws/weight"}, {"value", std::to_string(weight)}}})}};
}

// What each provider has no counterpart for.
std::vector<std::string> notesFor(const api::Cdn& cdn, CdnProviderType type) {
    std::vector<std::string> out;
    auto add = [&](bool applies, const char* text) {
        if (applies) {
            out.emplace_back(text);
        }
    };
    auto any = [&](auto test) { return std::any_of(cdn.paths.begin(), cdn.paths.end(), test); };
    bool several = cdn.origins.size() > 1;
    switch (type) {
        case CdnProviderType::CloudFront:
            add(true,
                "staleIfErrorSeconds, staleWhileRevalidateSeconds: taken from the origin's "
                "Cache-Control only");
            add(any([](const api::CdnPath& path) { return path.clientTTLSeconds > 0; }),
                "clientTTLSeconds: needs a response headers policy");
            add(true, "ttlSeconds: a shorter max-age of the origin counts");
            add(true, "negativeTTLSeconds: one for all paths, the largest is taken");
            add(cdn.origins.size() > 2, "origins: two at most, the others are not asked");
            add(several, "origins: other methods than GET and HEAD have the first one only");
            add(true, "ViewerCertificate: add the certificate of your host name");
            break;
        case CdnProviderType::Cloudflare:
            add(true,
                "staleIfErrorSeconds: taken from the origin's Cache-Control (always online "
                "aside)");
            add(any([](const api::CdnPath& path) { return path.clientTTLSeconds == 0; }),
                "clientTTLSeconds 0: the origin's own Cache-Control counts");
            add(several, "origins: need a load balancer with pools, which is not part of it");
            add(true, "private answers: override_origin keeps them; see that the paths have none");
            break;
        case CdnProviderType::Fastly:
            add(true, "share_key: put the ID of your service in the place of SERVICE_ID");
            add(any([](const api::CdnPath& path) {
                    return path.cacheKey.hasHeader("Authorization");
                }),
                "cacheKey Authorization: requests that have it go through all the same");
            break;
        case CdnProviderType::GoogleCloud:
            for (const auto& path : cdn.paths) {
                if (!hasGoogleCloudRule(path)) {
                    out.push_back("paths: `*` can stand at the end only, so there is no rule for " +
                                  path.match +
                                  ": a later path that matches counts, else it goes through");
                }
            }
            add(true,
                "ttlSeconds: for static types (images, media, CSS, JavaScript); HTML, JSON and the "
                "like are kept where the origin's Cache-Control says so");
            add(true,
                "staleWhileRevalidateSeconds: the same as staleIfErrorSeconds (7 days at "
                "most)");
            add(any([](const api::CdnPath& path) { return path.negativeTTLSeconds > 1800; }),
                "negativeTTLSeconds: 1800 at most");
            add(several, "origins: the order of several needs a failover policy of backends");
            add(true, "backends: add the groups of your origin to each backend service");
            break;
    }
    add(!cdn.purgeToken.empty() || type != CdnProviderType::Fastly,
        "purge: after a rollout, invalidate with the provider's own tool");
    return out;
}

std::string withComments(const std::vector<Json>& documents) {
    std::string out;
    for (size_t i = 0; i < documents.size(); ++i) {
        bool map = documents[i].contains("pathMatchers");
        out += std::string(i == 0 ? "" : "---\n") + "# gcloud compute " +
               (map ? "url-maps" : "backend-services") + " import " +
               documents[i].value("name", "") + " --global --source=FILE\n" + toYaml(documents[i]);
    }
    return out;
}

}  // namespace

Export exportCdn(const api::ScalableApp& app, const api::CdnProvider& provider,
                 const ExportNames& names) {
    Export out{.text = "", .howTo = "", .notes = notesFor(*app.cdn, provider.type)};
    switch (provider.type) {
        case CdnProviderType::CloudFront:
            out.text = base::dumpJsonPretty(cloudFrontConfig(app, names)) + "\n";
            out.howTo = "aws cloudfront create-distribution --distribution-config file://FILE";
            break;
        case CdnProviderType::Cloudflare:
            out.text = base::dumpJsonPretty(cloudflareRules(app, names)) + "\n";
            out.howTo =
                "PUT /zones/ZONE/rulesets/phases/http_request_cache_settings/entrypoint, with the "
                "zone's other cache rules added";
            break;
        case CdnProviderType::Fastly:
            out.text = fastlyVcl(app, names);
            out.howTo = "fastly vcl custom create --name=main --main --content=FILE";
            break;
        case CdnProviderType::GoogleCloud:
            out.text = withComments(googleCloudConfig(app, names));
            out.howTo = "the command above each document";
            break;
    }
    return out;
}

base::Result<DnsExport> exportDns(const api::ScalableApp& app, const ExportNames& names) {
    auto records = Json::array();
    if (app.cdn) {
        for (const auto& provider : app.cdn->providers) {
            if (provider.domain.empty()) {
                return base::fail("`cdn.providers` \"" + provider.name +
                                  "\" has no `domain`: put the host name there that the provider "
                                  "gave");
            }
            records.push_back(
                recordOf(names.host, provider.domain, provider.name, provider.weight));
        }
    }
    if (app.geo && app.geo->dns) {
        if (names.target.empty()) {
            return base::fail(
                "this region's record needs a target: give the address or host name "
                "of this cluster with --target");
        }
        // A region that stands by is led to when all that have a weight are unhealthy.
        bool active = app.geo->role == api::GeoRole::Active;
        records.push_back(recordOf(records.empty() ? names.host : names.origin, names.target,
                                   app.geo->region, active ? kWholeWeight : 0));
    }
    if (records.empty()) {
        return base::fail("ScalableApp \"" + app.name +
                          "\" has neither `cdn.providers` nor a `geo` with `dns`: there is no "
                          "record to export");
    }
    return DnsExport{
        .object = {{"apiVersion", "externaldns.k8s.io/v1alpha1"},
                   {"kind", "DNSEndpoint"},
                   {"metadata", {{"name", app.name}, {"namespace", app.namespace_}}},
                   {"spec", {{"endpoints", records}}}},
        .notes = {"weight: as `aws/weight`, which only Route 53 reads; another DNS provider "
                  "ignores it"}};
}

}  // namespace cli
