// What those see who wait for an application: `kubectl wait`, `helm --wait` and GitOps tools, which
// read conditions as kstatus does (sigs.k8s.io/cli-utils, pkg/kstatus: Stalled is Failed,
// Reconciling is InProgress, Ready other than True is InProgress, all else is Current).
#include <gtest/gtest.h>

#include "plan/objects.h"

namespace {

using namespace plan_test;

std::string kstatus(const plan::Plan& plan, const api::ScalableApp& app) {
    if (base::intAt(plan.status, "/observedGeneration") != app.generation) {
        return "InProgress";
    }
    auto is = [&](const char* type, const char* status) {
        auto found = condition(plan, type);
        return found != nullptr && found->status == status;
    };
    if (is("Stalled", "True")) {
        return "Failed";
    }
    return is("Reconciling", "True") || !is("Ready", "True") ? "InProgress" : "Current";
}

struct State {
    const char* name;
    const char* web;
    const char* more;
    int ready;            // pods
    const char* waiting;  // the reason of those that are not
    int after;            // seconds that it has been so
    const char* expected;
};

class Waiting : public testing::TestWithParam<State> {};

TEST_P(Waiting, EndsWhenItIsDoneOrCannotBe) {
    auto spec = app(GetParam().web, GetParam().more);
    auto seen = seenAfter(app(R"({"image":"shop:1","replicas":2})"), GetParam().ready);
    if (*GetParam().waiting != '\0') {
        setStates(seen,
                  {{"state",
                    {{"waiting", {{"reason", GetParam().waiting}, {"message", "x: not found"}}}}}});
    }
    auto plan = plan::planApp(spec, seen);
    remember(spec, plan);
    seen.now += std::chrono::seconds(GetParam().after);
    EXPECT_EQ(kstatus(plan::planApp(spec, seen), spec), GetParam().expected);
}

constexpr const char* kGood = R"({"image":"shop:1","replicas":2})";

INSTANTIATE_TEST_SUITE_P(
    All, Waiting,
    testing::Values(
        State{"Good", kGood, "{}", 2, "", 0, "Current"},
        State{"Starting", kGood, "{}", 0, "ContainerCreating", 0, "InProgress"},
        State{"StartingForTooLong", kGood, "{}", 0, "ContainerCreating", 601, "Failed"},
        State{"WrongImage", kGood, "{}", 0, "ErrImagePull", 0, "InProgress"},
        State{"WrongImageForTooLong", kGood, "{}", 0, "ErrImagePull", 601, "Failed"},
        State{"MissingSecret", kGood, "{}", 0, "CreateContainerConfigError", 0, "Failed"},
        State{"NotAppliedYet", R"({"image":"shop:2","replicas":2})", "{}", 2, "", 0, "InProgress"},
        State{"InvalidPatch",
              R"({"image":"shop:1","replicas":2,"overrides":{"podTemplatePatch":"{"}})", "{}", 2,
              "", 0, "Failed"},
        State{"OnlyObserved", kGood, R"({"management":"Observe"})", 2, "", 0, "Current"},
        State{"OnlyObservedAndDifferent", R"({"image":"shop:2","replicas":2})",
              R"({"management":"Observe"})", 2, "", 601, "InProgress"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Waiting, ForNoPodsEndsAtOnce) {
    auto none = app(R"({"image":"shop:1","replicas":0})");
    EXPECT_EQ(kstatus(plan::planApp(none, seenAfter(none, 0)), none), "Current");
}

}  // namespace
