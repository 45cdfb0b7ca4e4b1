// Decisions of the planner, case by case.
#include "plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "plan/diff.h"
#include "plan/objects.h"

namespace {

using namespace plan_test;
using base::Json;
using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(Plan, NothingIsLeftToDoAfterItsOwnOutput) {
    for (const char* web : {R"({"image":"shop:1"})",
                            R"({"image":"shop:1","autoscaling":{"minReplicas":3,"maxReplicas":9}})",
                            R"({"image":"shop:1","replicas":1})"}) {
        auto spec = app(web);
        auto seen = seenAfter(spec);
        auto first = plan::planApp(spec, seen);
        EXPECT_EQ(condition(first, "Ready")->status, "True") << base::dumpJson(first.status);
        EXPECT_EQ(condition(first, "Reconciling"), nullptr);
        EXPECT_EQ(condition(first, "Stalled"), nullptr);
        EXPECT_TRUE(first.removals.empty());
        remember(spec, first);
        seen.now += 1h;
        auto second = plan::planApp(spec, seen);
        EXPECT_EQ(second.status, first.status);
        EXPECT_TRUE(second.events.empty());
        EXPECT_FALSE(second.lookAgain);
    }
}

TEST(Plan, ReplicasAreNeverPartOfTheDeployment) {
    auto fixed = plan::planApp(app(R"({"image":"shop:1","replicas":3})"),
                               {.children = {}, .now = clockStart()});
    EXPECT_EQ(base::at(object(fixed, "Deployment"), "/spec/replicas"), nullptr);
    ASSERT_EQ(fixed.scales.size(), 1U);
    EXPECT_EQ(fixed.scales[0].replicas, 3);
    auto scaled = plan::planApp(app(R"({"image":"shop:1","autoscaling":{"maxReplicas":4}})"),
                                {.children = {}, .now = clockStart()});
    EXPECT_EQ(base::at(object(scaled, "Deployment"), "/spec/replicas"), nullptr);
    EXPECT_TRUE(scaled.scales.empty());
}

TEST(Plan, HandingTheCountToTheAutoscalerChangesNothingOfTheDeployment) {
    auto fixed = app(R"({"image":"shop:1","replicas":3,"resources":{"requests":{"cpu":"1"}}})");
    auto seen = seenAfter(fixed);
    auto scaled = app(
        R"({"image":"shop:1","autoscaling":{"minReplicas":2,"maxReplicas":5},"resources":{"requests":{"cpu":"1"}}})");
    auto plan = plan::planApp(scaled, seen);
    EXPECT_FALSE(plan::differs(object(plan, "Deployment"), *find(seen, "Deployment")));
}

TEST(Plan, WhatNothingAsksForGoes) {
    auto seen =
        seenAfter(app(R"({"image":"shop:1","autoscaling":{"minReplicas":2,"maxReplicas":4}})"));
    auto plan = plan::planApp(app(R"({"image":"shop:1","replicas":1})"), seen);
    ASSERT_EQ(plan.removals.size(), 2U);
    for (const auto& removal : plan.removals) {
        EXPECT_EQ(removal.uid, "shop-web-uid");
    }
    // Not what belongs to another, whatever its labels say.
    (*find(seen, "HorizontalPodAutoscaler"))["metadata"]["ownerReferences"][0]["uid"] = "other";
    EXPECT_EQ(plan::planApp(app(R"({"image":"shop:1","replicas":1})"), seen).removals.size(), 1U);
}

// Ready is False because of what the operator leaves as it is, and says so.
void expectPaused(const plan::Plan& plan, const std::string& what) {
    EXPECT_TRUE(plan.intents.empty() && plan.scales.empty() && plan.removals.empty() &&
                plan.notes.empty() && plan.patches.empty());
    EXPECT_EQ(condition(plan, "Ready")->status, "False");
    EXPECT_EQ(condition(plan, "Ready")->reason, "Paused");
    EXPECT_THAT(condition(plan, "Ready")->message,
                HasSubstr("the operator only observes: " + what +
                          "; to go on: kubectl scalableapp resume shop -n ns"));
    EXPECT_EQ(condition(plan, "Paused")->status, "True");
    EXPECT_EQ(condition(plan, "Reconciling"), nullptr) << "nothing is under way";
    EXPECT_EQ(condition(plan, "Stalled"), nullptr) << "and nothing is wrong";
    EXPECT_FALSE(plan.lookAgain);
}

TEST(Plan, ObserveTouchesNothingAndSaysWhatItWouldDo) {
    auto spec = app(R"({"image":"shop:1","replicas":1})", R"({"management":"Observe"})");
    expectPaused(plan::planApp(spec, {.children = {}, .now = clockStart()}),
                 "Service \"shop\" is missing");
    auto seen = seenAfter(app());
    auto plan = plan::planApp(spec, seen);
    expectPaused(plan, "Deployment \"shop-web\" has not the 1 replicas that the spec asks for");
    EXPECT_EQ(condition(plan, "WebReady")->status, "True");
    expectPaused(plan::planApp(app(R"({"image":"shop:2"})", R"({"management":"Observe"})"), seen),
                 "Deployment \"shop-web\" is not as the spec asks for it");
    constexpr const char* kFixed =
        R"({"image":"shop:1","replicas":2,"resources":{"requests":{"cpu":"1"}}})";
    constexpr const char* kScaled =
        R"({"image":"shop:1","autoscaling":{"minReplicas":2,"maxReplicas":4},"resources":{"requests":{"cpu":"1"}}})";
    expectPaused(plan::planApp(app(kFixed, R"({"management":"Observe"})"), seenAfter(app(kScaled))),
                 "HorizontalPodAutoscaler \"shop-web\" is asked for no longer");
}

TEST(Plan, ObserveLeavesReadyAsItIsWhereNothingIsToBeDone) {
    auto seen = seenAfter(app());
    auto spec = app(R"({"image":"shop:1"})", R"({"management":"Observe"})");
    auto plan = plan::planApp(spec, seen);
    EXPECT_EQ(condition(plan, "Ready")->status, "True");
    EXPECT_EQ(condition(plan, "Paused")->status, "True");
    remember(spec, plan);
    // What somebody takes away is missed.
    std::erase_if(seen.children, [](const Json& child) { return child["kind"] == "Service"; });
    plan = plan::planApp(spec, seen);
    expectPaused(plan, "Service \"shop\" is missing");
    EXPECT_TRUE(plan.events.empty());
    remember(spec, plan);
    spec.management = api::Management::Manage;
    plan = plan::planApp(spec, seen);
    EXPECT_EQ(condition(plan, "Paused"), nullptr);
    EXPECT_EQ(condition(plan, "Ready")->reason, "Applying");
}

TEST(Plan, ObserveTellsOfTroubleToo) {
    auto seen = seenAfter(app(), 0);
    setStates(
        seen,
        {{"state",
          {{"waiting",
            {{"reason", "CreateContainerConfigError"}, {"message", "secret \"a\" not found"}}}}}});
    auto watched = R"({"management":"Observe"})";
    auto plan = plan::planApp(app(R"({"image":"shop:2"})", watched), seen);
    expectPaused(plan, "Deployment \"shop-web\" is not as the spec asks for it");
    EXPECT_THAT(condition(plan, "Ready")->message,
                HasSubstr("; meanwhile web: CreateContainerConfigError"));
    EXPECT_TRUE(plan.events.empty());
    plan = plan::planApp(app(R"({"image":"shop:1"})", watched), seen);
    EXPECT_NE(condition(plan, "Stalled"), nullptr) << "as with `Manage` where all is applied";
    plan = plan::planApp(
        app(R"({"image":"shop:2","overrides":{"podTemplatePatch":"{\"spec\":"}})", watched), seen);
    EXPECT_EQ(condition(plan, "Ready")->reason, "Paused");
    EXPECT_THAT(condition(plan, "Ready")->message, HasSubstr("podTemplatePatch"));
}

TEST(Plan, ABadPatchStallsAndLeavesTheTierAlone) {
    auto seen = seenAfter(app());
    auto plan = plan::planApp(
        app(R"({"image":"shop:2","overrides":{"podTemplatePatch":"{\"spec\":"}})"), seen);
    EXPECT_TRUE(plan.intents.empty() && plan.removals.empty());
    ASSERT_NE(condition(plan, "Stalled"), nullptr);
    EXPECT_NE(condition(plan, "Ready")->message.find("podTemplatePatch"), std::string::npos);
    EXPECT_EQ(condition(plan, "WebReady")->status, "True");
}

// Who waits for it, as `helm --wait` does, must not wait for pods that nobody asked for.
TEST(Plan, NoPodsAsAskedForIsReadyAlthoughNothingServes) {
    for (const char* more : {R"({})", R"({"loadBalancer":{"algorithm":"RoundRobin"}})"}) {
        auto none = app(R"({"image":"shop:1","replicas":0})", more);
        auto plan = plan::planApp(none, seenAfter(none, 0));
        EXPECT_EQ(condition(plan, "Ready")->status, "True") << more;
        EXPECT_EQ(condition(plan, "Ready")->reason, "ScaledToZero") << more;
        EXPECT_EQ(condition(plan, "WebReady")->status, "False") << more;
        EXPECT_EQ(condition(plan, "Reconciling"), nullptr) << more;
        EXPECT_EQ(condition(plan, "Stalled"), nullptr) << more;
    }
}

TEST(Plan, AnOldCauseIsNotToldOfANewSpec) {
    auto seen = seenAfter(app(), 0);
    setStates(
        seen,
        {{"state",
          {{"waiting",
            {{"reason", "CreateContainerConfigError"}, {"message", "secret \"a\" not found"}}}}}});
    EXPECT_NE(condition(plan::planApp(app(), seen), "Stalled"), nullptr);
    auto plan = plan::planApp(app(R"({"image":"shop:2"})"), seen);
    EXPECT_EQ(condition(plan, "Stalled"), nullptr);
    EXPECT_EQ(condition(plan, "Reconciling")->reason, "Applying");
}

TEST(Plan, AHealedCauseLeavesAFreshDeadline) {
    auto spec = app();
    auto seen = seenAfter(spec, 0);
    base::Json missing{
        {"state",
         {{"waiting",
           {{"reason", "CreateContainerConfigError"}, {"message", "secret \"a\" not found"}}}}}};
    setStates(seen, missing);
    auto stalled = plan::planApp(spec, seen);
    ASSERT_NE(condition(stalled, "Stalled"), nullptr);
    remember(spec, stalled);
    // The Secret is made long after: the pods now start, and have their whole time for it.
    setStates(seen, {{"state", {{"waiting", {{"reason", "ContainerCreating"}}}}}});
    seen.now += std::chrono::hours(2);
    auto healing = plan::planApp(spec, seen);
    EXPECT_EQ(condition(healing, "Stalled"), nullptr);
    ASSERT_NE(condition(healing, "Reconciling"), nullptr);
    remember(spec, healing);
    seen.now += std::chrono::seconds(spec.progressDeadlineSeconds + 1);
    auto late = plan::planApp(spec, seen);
    ASSERT_NE(condition(late, "Stalled"), nullptr);
    EXPECT_EQ(condition(late, "Stalled")->reason, "ProgressDeadlineExceeded");
}

TEST(Plan, AnotherTagForTheSameDigestChangesNothing) {
    std::string digest = "@sha256:" + std::string(64, 'a');
    auto of = [](const std::string& image) {
        std::string out;
        for (const auto& intent :
             plan::objectsOf(
                 app(base::dumpJson({{"image", image}}),
                     base::dumpJson(
                         {{"loadBalancer", {{"algorithm", "RoundRobin"}, {"image", image}}}})))
                 .intents) {
            out += base::dumpJson(intent.object);
        }
        return out;
    };
    for (const char* name : {"shop", "registry.example:5000/team/shop"}) {
        std::string image = name;
        EXPECT_EQ(of(image + ":1" + digest), of(image + ":2" + digest));
        EXPECT_EQ(of(image + ":1" + digest), of(image + digest));
        EXPECT_NE(of(image + ":1"), of(image + ":2"));
        EXPECT_THAT(of(image + digest), HasSubstr("\"" + image + digest + "\""));
    }
}

// By a patch as well; on a server: e2e Fields.
TEST(Plan, AnAccountIsWrittenUnderBothOfItsNames) {
    for (const char* overrides :
         {R"({"serviceAccountName":"a"})",
          R"({"podTemplatePatch":"{\"spec\":{\"serviceAccountName\":\"a\"}}"})"}) {
        std::string objects;
        for (const auto& intent : plan::objectsOf(app(R"({"image":"shop:1","overrides":)" +
                                                      std::string(overrides) + "}"))
                                      .intents) {
            objects += base::dumpJson(intent.object);
        }
        EXPECT_THAT(objects, testing::AllOf(HasSubstr(R"("serviceAccountName":"a")"),
                                            HasSubstr(R"("serviceAccount":"a")")));
    }
}

TEST(Plan, ThereAndBackIsTheSame) {
    auto a = plan::objectsOf(app()).intents;
    plan::objectsOf(app(R"({"image":"shop:2","port":81})"));
    auto again = plan::objectsOf(app()).intents;
    ASSERT_EQ(a.size(), again.size());
    for (size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].object, again[i].object);
    }
}

TEST(Plan, OldPodsServeWhileTheNewOnesFail) {
    auto spec = app();
    auto seen = seenAfter(spec);
    auto& status = (*find(seen, "Deployment"))["status"];
    status["replicas"] = 3;
    status["updatedReplicas"] = 1;
    auto plan = plan::planApp(spec, seen);
    EXPECT_EQ(condition(plan, "WebReady")->status, "True");
    EXPECT_EQ(condition(plan, "Ready")->status, "False");
    EXPECT_EQ(condition(plan, "Reconciling")->reason, "RollingOut");
}

TEST(Diff, OnlyWhatIsWantedCounts) {
    Json wanted{{"spec",
                 {{"a", 1},
                  {"empty", Json::array()},
                  {"requests", {{"cpu", "1000m"}}},
                  {"env", Json::array({{{"name", "A"}, {"value", ""}}})}}}};
    Json seen{{"spec",
               {{"a", 1},
                {"other", 2},
                {"requests", {{"cpu", "1"}}},
                {"env", Json::array({{{"name", "Z"}, {"value", "z"}}, {{"name", "A"}}})}}}};
    EXPECT_FALSE(plan::differs(wanted, seen));
    for (const char* change :
         {R"({"spec":{"a":2}})", R"({"spec":{"a":"1"}})", R"({"spec":{"empty":[1]}})",
          R"({"spec":{"requests":{"cpu":"2"}}})", R"({"spec":{"env":[{"name":"A","value":"x"}]}})",
          R"({"spec":{"env":[]}})", R"({"spec":{"a":null}})"}) {
        Json other = seen;
        other.merge_patch(*base::parseJson(change));
        EXPECT_TRUE(plan::differs(wanted, other)) << change;
    }
}

TEST(Diff, DifferencesAreWhatHasToBePutInPlace) {
    Json wanted = *base::parseJson(R"({"spec":{"a":1,"gone":"x","a~/b":2,"same":{"c":1},
        "env":[{"name":"B","value":"b"}],"list":[1,2],"containers":[{"name":"new"}]}})");
    Json seen = *base::parseJson(R"({"spec":{"a":2,"a~/b":3,"same":{"c":1,"d":2},
        "env":[{"name":"Z"},{"name":"B","value":"x"}],"list":[1],"containers":[{"name":"old"}]}})");
    auto found = plan::differences(wanted, seen);
    EXPECT_EQ(found.size(), 6U);
    EXPECT_EQ(std::count_if(found.begin(), found.end(),
                            [](const auto& one) { return one.pointer == "/spec/env/1/value"; }),
              1);
    for (const auto& one : found) {
        EXPECT_TRUE(plan::differs(wanted, seen));
        seen[Json::json_pointer(one.pointer)] = one.wanted;
    }
    EXPECT_FALSE(plan::differs(wanted, seen));
    EXPECT_EQ(seen["spec"]["env"][0]["name"], "Z") << "others' items stay";
    EXPECT_TRUE(plan::differences(wanted, seen).empty());
}

TEST(Diff, ADroppedFieldChangesTheHash) {
    Json with{{"spec", {{"a", 1}, {"b", 2}}}};
    Json without{{"spec", {{"a", 1}}}};
    EXPECT_NE(plan::intentHash(with), plan::intentHash(without));
    EXPECT_EQ(plan::intentHash(with), plan::intentHash(Json{{"spec", {{"b", 2}, {"a", 1}}}}));
}

}  // namespace
