// What is exported: as the golden files have it, and made of nothing but what the provider's own
// reference names (tests/cli/export_fields.json). UPDATE_GOLDEN=1 writes the golden files anew.
#include "cli/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "cli/yaml.h"

namespace {

using base::Json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kApp = R"(
apiVersion: scalableapp.dev/v1alpha1
kind: ScalableApp
metadata: {name: shop, namespace: ns}
spec:
  web: {image: "shop:1"}
  cdn:
    paths:
      - {match: "/static/*", ttlSeconds: 86400, clientTTLSeconds: 3600,
         cacheKey: {headers: [Accept-Language], query: [v, size]}}
      - {match: "/a.*/b", ttlSeconds: 60, negativeTTLSeconds: 0}
      - {match: /, ttlSeconds: 5, cacheKey: {query: []}}
    origins: [{name: web}, {name: second-one, host: backup.example}]
    providers:
      - {name: main, type: CloudFront, weight: 80, domain: d1.cloudfront.net}
      - {name: other, type: Cloudflare, weight: 15, domain: shop.cdn.cloudflare.net}
      - {name: third, type: Fastly, weight: 5, domain: shop.global.ssl.fastly.net}
      - {name: fourth, type: GoogleCloud, weight: 0, domain: shop.google.example}
  geo: {region: eu-1}
)";

const cli::ExportNames kNames{
    .host = "shop.example", .origin = "origin.shop.example", .target = "192.0.2.7"};

api::ScalableApp app(const std::string& yaml = kApp) {
    auto documents = cli::parseYaml(yaml);
    EXPECT_TRUE(documents) << documents.error().message;
    auto out = api::parseScalableApp(documents->front().value);
    EXPECT_TRUE(out) << out.error().message;
    return *out;
}

std::string slurp(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
}

Json reference(const char* provider) {
    return base::parseJson(slurp(EXPORT_FIELDS))->at(provider);
}

// Every field of an object that the reference does not name at this place.
void collect(const Json& value, const Json& fields, const std::string& path,
             std::vector<std::string>& out) {
    if (value.is_array()) {
        for (const auto& item : value) {
            collect(item, fields, path, out);
        }
    }
    if (!value.is_object()) {
        return;
    }
    for (const auto& [name, inner] : value.items()) {
        std::string at = path.empty() ? name : path + "." + name;
        const auto known = fields.value(path, Json::array());
        if (std::find(known.begin(), known.end(), Json(name)) == known.end()) {
            out.push_back(at);
        }
        collect(inner, fields, at, out);
    }
}

std::vector<std::string> unknownFields(const Json& value, const char* provider) {
    std::vector<std::string> out;
    collect(value, reference(provider).at("fields"), "", out);
    return out;
}

// Variables and functions of VCL; the name of a header stands behind a fourth point or none.
std::vector<std::string> unknownWords(const std::string& vcl) {
    std::set<std::string> known = reference("fastly").at("words");
    std::vector<std::string> out;
    std::regex word("\\b(bereq|beresp|obj|querystring|req|resp|stale)\\.[a-z_]+(\\.path)?");
    for (std::sregex_iterator at(vcl.begin(), vcl.end(), word), end; at != end; ++at) {
        if (!known.contains(at->str())) {
            out.push_back(at->str());
        }
    }
    return out;
}

// By backend: the names of its properties.
std::vector<std::set<std::string>> backendProperties(const std::string& vcl) {
    std::vector<std::set<std::string>> out;
    std::regex block("backend \\w+ \\{([^}]*)\\}");
    std::regex property("\\.([a-z_]+) =");
    for (std::sregex_iterator at(vcl.begin(), vcl.end(), block), end; at != end; ++at) {
        std::string inside = at->str(1);
        out.emplace_back();
        for (std::sregex_iterator one(inside.begin(), inside.end(), property); one != end; ++one) {
            out.back().insert(one->str(1));
        }
    }
    return out;
}

void expectGolden(const std::string& name, const std::string& text) {
    std::string path = std::string(GOLDEN) + "/export/" + name;
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
        std::ofstream(path) << text;
    }
    EXPECT_EQ(text, slurp(path)) << "UPDATE_GOLDEN=1 writes it anew";
}

TEST(Export, IsAsTheGoldenFilesHaveIt) {
    auto shop = app();
    for (const auto& provider : shop.cdn->providers) {
        auto made = cli::exportCdn(shop, provider, kNames);
        EXPECT_FALSE(made.howTo.empty());
        std::string notes;
        for (const auto& note : made.notes) {
            notes += note + "\n";
        }
        expectGolden(provider.name + ".txt", made.text);
        expectGolden(provider.name + ".notes.txt", notes);
    }
    auto dns = cli::exportDns(shop, kNames);
    ASSERT_TRUE(dns) << dns.error().message;
    expectGolden("dns.yaml", cli::toYaml(dns->object));
}

TEST(Export, HasOnlyFieldsThatTheProviderNames) {
    auto shop = app();
    EXPECT_THAT(unknownFields(cli::cloudFrontConfig(shop, kNames), "cloudFront"), IsEmpty());
    EXPECT_THAT(unknownFields(cli::cloudflareRules(shop, kNames), "cloudflare"), IsEmpty());
    for (const auto& document : cli::googleCloudConfig(shop, kNames)) {
        EXPECT_THAT(unknownFields(document, "googleCloud"), IsEmpty());
    }
    EXPECT_THAT(unknownFields(cli::exportDns(shop, kNames)->object, "dnsEndpoint"), IsEmpty());
    EXPECT_THAT(unknownWords(cli::fastlyVcl(shop, kNames)), IsEmpty());
}

TEST(Export, BackendsHaveWhatFastlyRequiresAndNothingThatItDoesNotKnow) {
    std::set<std::string> known = reference("fastly").at("backend");
    std::set<std::string> required = reference("fastly").at("requiredOfBackends");
    auto backends = backendProperties(cli::fastlyVcl(app(), kNames));
    ASSERT_EQ(backends.size(), 2U);
    for (const auto& backend : backends) {
        EXPECT_THAT(backend, testing::IsSubsetOf(known));
        EXPECT_THAT(required, testing::IsSubsetOf(backend));
    }
}

TEST(Export, AFieldThatTheProviderDoesNotKnowIsFound) {
    auto wrong = cli::cloudFrontConfig(app(), kNames);
    wrong["CacheBehaviors"]["Items"][0]["DefaultTtl"] = 1;
    EXPECT_THAT(unknownFields(wrong, "cloudFront"), ElementsAre("CacheBehaviors.Items.DefaultTtl"));
    EXPECT_THAT(unknownWords(cli::fastlyVcl(app(), kNames) + "set beresp.grace = 1s;"),
                ElementsAre("beresp.grace"));
}

TEST(Export, SaysWhatAProviderCannotExpress) {
    auto shop = app();
    EXPECT_THAT(cli::exportCdn(shop, shop.cdn->providers[0], kNames).notes,
                Contains(HasSubstr("staleIfErrorSeconds")));
    auto google = cli::exportCdn(shop, shop.cdn->providers[3], kNames).notes;
    EXPECT_THAT(google, Contains(HasSubstr("no rule for /a.*/b: a later path that matches")));
    EXPECT_THAT(google, Contains(HasSubstr("ttlSeconds: for static types")));
    auto authorization = Contains(HasSubstr("cacheKey Authorization"));
    EXPECT_THAT(cli::exportCdn(shop, shop.cdn->providers[2], kNames).notes, Not(authorization));
    shop.cdn->paths[0].cacheKey.headers = {"authorization"};
    EXPECT_THAT(cli::exportCdn(shop, shop.cdn->providers[2], kNames).notes, authorization);
    EXPECT_THAT(cli::exportDns(shop, kNames)->notes, ElementsAre(HasSubstr("only Route 53")));
}

TEST(Export, ARecordIsOfTheKindOfItsTarget) {
    auto shop = app();
    auto typeOf = [&](const char* target) {
        auto names = kNames;
        names.target = target;
        return cli::exportDns(shop, names)->object["spec"]["endpoints"].back()["recordType"];
    };
    EXPECT_EQ(typeOf("192.0.2.7"), "A");
    EXPECT_EQ(typeOf("2001:db8::7"), "AAAA");
    EXPECT_EQ(typeOf("lb-1.cloud.example"), "CNAME");
    EXPECT_EQ(typeOf("1.2.3"), "CNAME");
}

TEST(Export, TheFirstRuleThatMatchesCountsEverywhere) {
    auto rules = cli::cloudflareRules(app(), kNames)["rules"];
    EXPECT_EQ(rules.front()["action_parameters"]["cache"], false);
    EXPECT_EQ(rules.back()["description"], "/static/*") << "there the last one counts";
}

TEST(Export, RecordsNeedToKnowWhereTheyLead) {
    auto shop = app();
    auto names = kNames;
    names.target.clear();
    EXPECT_THAT(cli::exportDns(shop, names).error().message, HasSubstr("--target"));
    shop.cdn->providers[1].domain.clear();
    EXPECT_THAT(cli::exportDns(shop, kNames).error().message, HasSubstr("`domain`"));
    shop.cdn.reset();
    auto records = cli::exportDns(shop, kNames)->object;
    EXPECT_EQ(records["spec"]["endpoints"][0]["dnsName"], "shop.example");
    EXPECT_EQ(records["spec"]["endpoints"][0]["recordType"], "A");
    shop.geo->role = api::GeoRole::Standby;
    records = cli::exportDns(shop, kNames)->object;
    EXPECT_EQ(records["spec"]["endpoints"][0]["providerSpecific"][0]["value"], "0");
    shop.geo.reset();
    EXPECT_THAT(cli::exportDns(shop, kNames).error().message, HasSubstr("no record"));
}

}  // namespace
