// Every field of the spec, changed on a server and changed back: the children change with it and
// become what they were. Read off the schema, so that a new field is covered by itself.
#include <gtest/gtest.h>

#include "reconcile/world.h"
#include "support/spec_fields.h"

namespace {

using base::Json;
using test::World;

std::vector<test::SpecField> fields() {
    return test::specFields(test::specSchema(CRDS));
}

std::vector<Json> childrenFor(World& world, const Json& spec) {
    world.editApp([&](Json& app) { app["spec"] = spec; });
    world.settle();
    return world.children();
}

Json withSpec(const Json& spec) {
    Json app = test::app();
    app["spec"] = spec;
    return app;
}

TEST(SpecFields, ThereAndBackGivesTheSameChildren) {
    size_t walked = 0;
    for (const auto& field : fields()) {
        if (!test::isAboutChildren(field)) {
            continue;
        }
        SCOPED_TRACE(field.path);
        World world;
        world.servePods();
        world.put(withSpec(field.specs[0]));
        world.settle();
        auto first = world.children();
        EXPECT_NE(childrenFor(world, field.specs[1]), first);
        EXPECT_EQ(childrenFor(world, field.specs[0]), first);
        ++walked;
    }
    EXPECT_GT(walked, 30U);
}

TEST(SpecFields, ATakenBackFieldLeavesNothing) {
    for (const auto& field : fields()) {
        if (!test::isAboutChildren(field) || !field.without) {
            continue;
        }
        SCOPED_TRACE(field.path);
        World never;
        never.servePods();
        never.put(withSpec(*field.without));
        never.settle();
        World world;
        world.servePods();
        world.put(withSpec(field.specs[1]));
        world.settle();
        EXPECT_EQ(childrenFor(world, *field.without), never.children());
    }
}

}  // namespace
