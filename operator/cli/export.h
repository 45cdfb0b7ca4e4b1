// An application's edge as configuration of commercial CDNs, and as DNS records: text that a person
// reviews and applies with the provider's own tool. Nothing is sent anywhere.
//
//   cli::Export made = cli::exportCdn(app, provider, {.host = "shop.example", ...});
//   std::cout << made.text;                       // for `made.howTo`
//   for (const auto& note : made.notes) { ... }   // what the provider cannot express
//
// Decisions: what would keep one user's answer for another is left to the origin's headers rather
// than forced (CloudFront MinTTL 0, Google CACHE_ALL_STATIC); a clause without a counterpart is
// named, never dropped in silence. Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "api/scalable_app.h"
#include "base/json.h"
#include "base/result.h"

namespace cli {

struct ExportNames {
    std::string host;    // that visitors ask for
    std::string origin;  // where the provider finds this application
    std::string target;  // of the region's DNS record: an address or a host name; may be empty
};

struct Export {
    std::string text;
    std::string howTo;  // the command that takes it
    std::vector<std::string> notes;
};

Export exportCdn(const api::ScalableApp& app, const api::CdnProvider& provider,
                 const ExportNames& names);

// By provider.
base::Json cloudFrontConfig(const api::ScalableApp& app, const ExportNames& names);
base::Json cloudflareRules(const api::ScalableApp& app, const ExportNames& names);
std::string fastlyVcl(const api::ScalableApp& app, const ExportNames& names);
std::vector<base::Json> googleCloudConfig(const api::ScalableApp& app, const ExportNames& names);
bool hasGoogleCloudRule(const api::CdnPath& path);

struct DnsExport {
    base::Json object;
    std::vector<std::string> notes;
};

// A DNSEndpoint of ExternalDNS: weighted records for the providers, and this region's for the
// origin. Error: what is missing, and where it belongs.
base::Result<DnsExport> exportDns(const api::ScalableApp& app, const ExportNames& names);

}  // namespace cli
