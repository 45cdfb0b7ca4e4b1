// The offline check: one table of cases (tests/api/cases) for it and for the API server, which the
// end-to-end tests try on the same files.
#include "api/scalable_app.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "api/fields.h"
#include "cli/yaml.h"
#include "support/files.h"

namespace {

using base::Json;
namespace fs = std::filesystem;

std::vector<fs::path> filesIn(const fs::path& folder) {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(folder)) {
        out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

Json documentIn(const fs::path& path) {
    auto documents = cli::parseYaml(support::contentOf(path));
    EXPECT_TRUE(documents.ok() && documents->size() == 1) << path;
    return documents.ok() && !documents->empty() ? documents->front().value : Json();
}

Json minimal() {
    return {{"apiVersion", "scalableapp.dev/v1alpha1"},
            {"kind", "ScalableApp"},
            {"metadata", {{"name", "shop"}, {"namespace", "ns"}, {"uid", "u"}, {"generation", 7}}},
            {"spec", {{"web", {{"image", "shop:1"}}}}}};
}

TEST(ScalableApp, TakesWhatIsValid) {
    auto files = filesIn(fs::path(CASES) / "valid");
    ASSERT_FALSE(files.empty());
    for (const auto& file : files) {
        auto app = api::parseScalableApp(documentIn(file));
        EXPECT_TRUE(app.ok()) << file.filename() << ": " << (app ? "" : app.error().message);
    }
}

TEST(ScalableApp, RefusesWhatIsNotAndSaysWhy) {
    auto files = filesIn(fs::path(CASES) / "invalid");
    ASSERT_FALSE(files.empty());
    for (const auto& file : files) {
        std::string text = support::contentOf(file);
        std::string expected = text.substr(2, text.find('\n') - 2);
        auto app = api::parseScalableApp(documentIn(file));
        ASSERT_FALSE(app.ok()) << file.filename() << " was taken";
        EXPECT_NE(app.error().message.find(expected), std::string::npos)
            << file.filename() << ": expected «" << expected << "», got: " << app.error().message;
        EXPECT_EQ(app.error().message.find('\n'), std::string::npos) << "one line";
    }
}

TEST(ScalableApp, DefaultsAreFilledIn) {
    auto app = api::parseScalableApp(minimal());
    ASSERT_TRUE(app) << app.error().message;
    EXPECT_EQ(app->namespace_, "ns");
    EXPECT_EQ(app->uid, "u");
    EXPECT_EQ(app->generation, 7);
    EXPECT_EQ(app->management, api::Management::Manage);
    EXPECT_EQ(app->progressDeadlineSeconds, 600);
    EXPECT_EQ(app->web.port, 8080);
    EXPECT_EQ(app->web.drainSeconds, 5);
    EXPECT_EQ(app->web.health, (api::Health{"/healthz", 60}));
    EXPECT_EQ(app->web.leastReplicas(), 2);
    EXPECT_EQ(app->web.mostReplicas(), 2);
}

// What the schema fills in and what the offline check fills in are the same.
void expectSameDefaults(const Json& schema, const std::string& path, const Json& expected) {
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, field] : properties.items()) {
        if (field.contains("default") && !field.at("default").is_object()) {
            EXPECT_EQ(expected.value(path + "." + name, Json()), field.at("default"))
                << path << "." << name;
        }
        expectSameDefaults(field, path + "." + name, expected);
    }
}

TEST(ScalableApp, DefaultsAreThoseOfTheDefinition) {
    auto crd = documentIn(fs::path(CRDS) / "scalableapps.yaml");
    Json object = minimal();
    object["spec"]["web"]["autoscaling"] = {{"maxReplicas", 5}};
    object["spec"]["resilience"] = {{"circuitBreaker", Json::object()},
                                    {"bulkhead", {{"maxConcurrentRequests", 9}}},
                                    {"retry", Json::object()},
                                    {"degradation", {{"staticResponse", Json::object()}}}};
    object["spec"]["cdn"] = {{"paths", Json::array({{{"match", "/a"}, {"ttlSeconds", 1}}})}};
    object["spec"]["geo"] = {{"region", "a"}};
    auto app = api::parseScalableApp(object);
    ASSERT_TRUE(app);
    ASSERT_EQ(app->geo->role, api::GeoRole::Active);
    ASSERT_TRUE(app->geo->dns);
    const auto& scaling = *app->web.autoscaling;
    const auto& resilience = app->resilience;
    const std::string clauses = "spec.resilience.";
    const std::string answer = clauses + "degradation.staticResponse.";
    Json ours{
        {"spec.cdn.image", app->cdn->image},
        {"spec.cdn.replicasPerZone", app->cdn->replicasPerZone},
        {"spec.cdn.cacheSizeMiB", app->cdn->cacheSizeMiB},
        {"spec.cdn.staleIfErrorSeconds", app->cdn->staleIfErrorSeconds},
        {"spec.cdn.staleWhileRevalidateSeconds", app->cdn->staleWhileRevalidateSeconds},
        {"spec.geo.role", "Active"},
        {"spec.geo.dns", "DNSEndpoint"},
        {"spec.loadBalancer.image", app->loadBalancer.image},
        {"spec.loadBalancer.replicas", app->loadBalancer.replicas},
        {"spec.loadBalancer.exposure", "ClusterIP"},
        {clauses + "circuitBreaker.errorRatePercent", resilience.circuitBreaker->errorRatePercent},
        {clauses + "circuitBreaker.windowSeconds", resilience.circuitBreaker->windowSeconds},
        {clauses + "circuitBreaker.minimumRequests", resilience.circuitBreaker->minimumRequests},
        {clauses + "circuitBreaker.openSeconds", resilience.circuitBreaker->openSeconds},
        {clauses + "circuitBreaker.halfOpenRequests", resilience.circuitBreaker->halfOpenRequests},
        {clauses + "bulkhead.maxPendingRequests", resilience.bulkhead->maxPendingRequests},
        {clauses + "retry.attempts", resilience.retry->attempts},
        {clauses + "retry.baseMilliseconds", resilience.retry->baseMilliseconds},
        {clauses + "retry.maxMilliseconds", resilience.retry->maxMilliseconds},
        {clauses + "retry.budgetPercent", resilience.retry->budgetPercent},
        {answer + "statusCode", resilience.staticResponse->statusCode},
        {answer + "body", resilience.staticResponse->body},
        {answer + "retryAfterSeconds", resilience.staticResponse->retryAfterSeconds},
        {"spec.management", "Manage"},
        {"spec.progressDeadlineSeconds", app->progressDeadlineSeconds},
        {"spec.web.port", app->web.port},
        {"spec.web.drainSeconds", app->web.drainSeconds},
        {"spec.web.health.path", app->web.health.path},
        {"spec.web.health.startupSeconds", app->web.health.startupSeconds},
        {"spec.web.autoscaling.minReplicas", scaling.minReplicas},
        {"spec.web.autoscaling.targetCPUUtilizationPercent", scaling.targetCPUUtilizationPercent},
        {"spec.web.autoscaling.scaleDownStabilizationSeconds",
         scaling.scaleDownStabilizationSeconds}};
    expectSameDefaults(
        crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"], "spec",
        ours);
}

// Every field of the definition is known to the reader: an object with all of them is taken.
void collect(const Json& schema, const std::string& path, std::vector<std::string>& out) {
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, field] : properties.items()) {
        out.push_back(path + "." + name);
        collect(field.contains("items") ? field.at("items") : field, path + "." + name, out);
    }
}

TEST(ScalableApp, EveryFieldOfTheDefinitionIsRead) {
    auto crd = documentIn(fs::path(CRDS) / "scalableapps.yaml");
    std::vector<std::string> paths;
    collect(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"], "spec",
            paths);
    EXPECT_GT(paths.size(), 40U);
    for (const auto& path : paths) {
        // A value of no type that any field has: a field that is read complains of its value, one
        // that is not read is unknown.
        Json object = minimal();
        Json* at = &object;
        std::string part;
        std::stringstream parts(path);
        bool inList = false;
        while (std::getline(parts, part, '.')) {
            at = &(*at)[part];
            inList = part == "env" || part == "labels" || part == "annotations" ||
                     part == "tolerations" || part == "imagePullSecrets" || part == "zones";
            if (inList && parts.peek() != EOF) {
                at->push_back(Json::object());
                at = &at->back();
            }
        }
        *at = 0.5;
        auto app = api::parseScalableApp(object);
        ASSERT_FALSE(app.ok()) << path;
        EXPECT_EQ(app.error().message.find("unknown field"), std::string::npos)
            << path << ": " << app.error().message;
    }
}

TEST(ScalableApp, UnknownFieldIsRefusedInAManifestAndIgnoredInAStoredObject) {
    Json object = minimal();
    object["spec"]["web"]["prot"] = 80;
    auto strict = api::parseScalableApp(object);
    ASSERT_FALSE(strict);
    EXPECT_EQ(strict.error().message, "unknown field \"spec.web.prot\": did you mean \"port\"?");
    EXPECT_TRUE(api::parseScalableApp(object, api::UnknownFields::Ignore));
}

TEST(ScalableApp, WrongKindIsNamed) {
    Json object = minimal();
    object["kind"] = "Deployment";
    auto app = api::parseScalableApp(object);
    ASSERT_FALSE(app);
    EXPECT_NE(app.error().message.find("kind: Unsupported value: \"Deployment\""),
              std::string::npos);
}

TEST(ScalableApp, NothingThrowsWhateverComes) {
    for (const Json& value : {Json(), Json(1), Json("x"), Json::array(), Json::object(),
                              Json{{"spec", 1}}, Json{{"spec", {{"web", Json::array()}}}}}) {
        EXPECT_FALSE(api::parseScalableApp(value));
    }
}

TEST(ScalableApp, PreviousConditionsAreKept) {
    Json object = minimal();
    object["status"]["conditions"] =
        Json::array({{{"type", "Ready"},
                      {"status", "True"},
                      {"reason", "Ready"},
                      {"message", "fine"},
                      {"observedGeneration", 6},
                      {"lastTransitionTime", "2026-01-01T00:00:00Z"}}});
    auto app = api::parseScalableApp(object);
    ASSERT_TRUE(app);
    ASSERT_EQ(app->conditions.size(), 1U);
    EXPECT_EQ(app->conditions[0].observedGeneration, 6);
}

TEST(DidYouMean, FindsTheCloseOneOnly) {
    EXPECT_EQ(api::didYouMean("repliacs", {"replicas", "resources"}), "replicas");
    EXPECT_EQ(api::didYouMean("Image", {"image", "port"}), "image");
    EXPECT_EQ(api::didYouMean("database", {"web", "management"}), "");
}

}  // namespace
