// Every field of the spec does something, and a default says no more than its absence: read off the
// schema, so that a new field is covered by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/export.h"
#include "plan/plan.h"
#include "support/spec_fields.h"

namespace {

using base::Json;
using testing::Contains;
using testing::IsEmpty;
using testing::SizeIs;

Json schema() {
    return test::specSchema(CRDS);
}

base::Result<api::ScalableApp> parse(const Json& spec, api::UnknownFields unknown) {
    return api::parseScalableApp({{"apiVersion", api::kApiVersion},
                                  {"kind", api::kKind},
                                  {"metadata", {{"name", "shop"}, {"namespace", "ns"}}},
                                  {"spec", spec}},
                                 unknown);
}

// All that the operator would do and say, and what the plugin would write for others.
std::string outcome(const Json& spec) {
    auto app = parse(spec, api::UnknownFields::Ignore);
    if (!app) {
        ADD_FAILURE() << app.error().message << " in " << spec;
        return "";
    }
    auto plan = plan::planApp(*app, {.children = {}, .now = {}});
    Json out{{"status", plan.status}};
    for (const auto& intent : plan.intents) {
        out["intents"].push_back(intent.object);
    }
    for (const auto& scale : plan.scales) {
        out["scales"].push_back({scale.name, scale.replicas});
    }
    cli::ExportNames names{.host = "a.example", .origin = "b.example", .target = "c.example"};
    for (size_t i = 0; app->cdn && i < app->cdn->providers.size(); ++i) {
        auto made = cli::exportCdn(*app, app->cdn->providers[i], names);
        out["exported"].push_back({app->cdn->providers[i].name, made.text});
    }
    auto records = cli::exportDns(*app, names);
    out["records"] = records ? records->object : Json(records.error().message);
    return out.dump();
}

std::vector<std::string> fieldsWithoutEffect(const Json& fromSchema) {
    std::vector<std::string> out;
    for (const auto& field : test::specFields(fromSchema)) {
        if (outcome(field.specs[0]) == outcome(field.specs[1])) {
            out.push_back(field.path);
        }
    }
    return out;
}

TEST(SpecFields, AreAllKnownToTheParser) {
    auto fields = test::specFields(schema());
    EXPECT_GT(fields.size(), 30U);
    for (const auto& field : fields) {
        for (const auto& spec : field.specs) {
            auto app = parse(spec, api::UnknownFields::Refuse);
            EXPECT_TRUE(app) << field.path << ": " << app.error().message;
        }
    }
}

TEST(SpecFields, EachChangesAChildOrTheStatus) {
    EXPECT_THAT(fieldsWithoutEffect(schema()), IsEmpty());
}

TEST(SpecFields, AFieldThatDoesNothingIsFound) {
    auto more = schema();
    more["properties"]["web"]["properties"]["idle"] = {{"type", "integer"}, {"default", 1}};
    more["properties"]["web"]["properties"]["health"]["properties"]["idle"] = {{"type", "string"}};
    auto idle = fieldsWithoutEffect(more);
    EXPECT_THAT(idle, SizeIs(2));
    EXPECT_THAT(idle, Contains("web.idle"));
    EXPECT_THAT(idle, Contains("web.health.idle"));
}

TEST(SpecFields, TheDefaultMeansTheSameAsAbsence) {
    size_t seen = 0;
    for (const auto& field : test::specFields(schema())) {
        if (field.beginsWithDefault && field.without) {
            ++seen;
            EXPECT_EQ(outcome(field.specs[0]), outcome(*field.without)) << field.path;
        }
    }
    EXPECT_GT(seen, 5U);
}

}  // namespace
