#include "cli/status_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace {

using base::Json;
using testing::HasSubstr;
using testing::Not;

Json condition(const char* type, const char* status, const char* reason,
               const std::string& message) {
    return {{"type", type},
            {"status", status},
            {"reason", reason},
            {"message", message},
            {"lastTransitionTime", "2026-01-01T00:00:00Z"}};
}

Json app(const Json& conditions) {
    return {{"metadata", {{"namespace", "ns"}, {"name", "shop"}}},
            {"spec",
             {{"web",
               {{"image", "shop:1"}, {"autoscaling", {{"minReplicas", 3}, {"maxReplicas", 9}}}}}}},
            {"status",
             {{"stage", "LoadBalancer"},
              {"conditions", conditions},
              {"web", {{"summary", "1/3"}}},
              {"singlePointsOfFailure",
               {{{"tier", "web"}, {"what", "one replica"}, {"why", "set replicas to 2"}}}}}}};
}

Json pod(const std::string& name, const std::string& node, bool ready) {
    return {{"metadata",
             {{"name", name},
              {"creationTimestamp", "2026-01-01T00:00:00Z"},
              {"labels", {{"scalableapp.dev/tier", "web"}}}}},
            {"spec", {{"nodeName", node}}},
            {"status",
             {{"phase", "Running"},
              {"conditions", {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}}},
              {"containerStatuses", {{{"restartCount", 2}}}}}}};
}

Json waiting(const std::string& name, const std::string& reason) {
    auto out = pod(name, "n1", false);
    out["status"]["containerStatuses"][0]["state"] = {{"waiting", {{"reason", reason}}}};
    return out;
}

Json service() {
    return {{"metadata", {{"name", "shop"}}},
            {"spec", {{"clusterIP", "10.0.0.7"}, {"ports", {{{"port", 80}}}}}}};
}

base::WallTime now() {
    base::WallTime time;
    EXPECT_TRUE(base::parseTime("2026-01-01T00:04:00Z", time));
    return time;
}

// With a Service and a pod that serves.
std::string screen(const Json& object, std::optional<cli::NameLookup> lookup = {}) {
    return cli::text(cli::viewOf(object, {.services = {service()},
                                          .pods = {pod("a", "n1", true)},
                                          .lookup = std::move(lookup)}),
                     now(), false);
}

TEST(StatusView, IsOneScreen) {
    auto view = cli::viewOf(
        app({condition("Ready", "False", "ImagePullBackOff", "web: ImagePullBackOff \"shop:9\""),
             condition("Stalled", "True", "ImagePullBackOff", "")}),
        {.services = {service()},
         .pods = {waiting("shop-web-b", "ImagePullBackOff"), pod("shop-web-a", "n2", true)},
         .zoneOfNode = {{"n1", "z1"}, {"n2", "z2"}}});
    EXPECT_EQ(cli::text(view, now(), false),
              "shop in ns: not ready, stage LoadBalancer\n"
              "✖ root cause: web: ImagePullBackOff \"shop:9\"\n"
              "  what to do: correct `web.image`, or push it; for a private registry name "
              "its Secret in `web.overrides.imagePullSecrets`\n"
              "\n"
              "Traffic\n"
              "  ✔ dns  shop.ns.svc, in the cluster only\n"
              "  ✔ entry  Service shop, 10.0.0.7:80\n"
              "  ✔ web  1/3 ready, image shop:1, scales from 3 to 9\n"
              "\n"
              "  POD         TIER  READY  STATE             ZONE  NODE  AGE  RESTARTS\n"
              "  shop-web-a  web   yes    Running           z2    n2    4m   2\n"
              "  shop-web-b  web   no     ImagePullBackOff  z1    n1    4m   2\n"
              "\n"
              "  CONDITION  STATUS  FOR  REASON            MESSAGE\n"
              "  Ready      False   4m   ImagePullBackOff  web: ImagePullBackOff \"shop:9\"\n"
              "  Stalled    True    4m   ImagePullBackOff\n"
              "\n"
              "Single points of failure\n"
              "  web: one replica: set replicas to 2\n");
}

TEST(StatusView, AReadyAppHasNoRootCause) {
    auto view = cli::viewOf(app(Json::array({condition("Ready", "True", "Ready", "all is well")})),
                            {.services = {service()}, .pods = {pod("a", "n1", true)}});
    EXPECT_TRUE(view.ready);
    EXPECT_EQ(view.firstBroken, "");
    EXPECT_EQ(view.whatToDo, "");
    EXPECT_THAT(cli::text(view, now(), false), Not(HasSubstr("root cause")));
    EXPECT_THAT(cli::text(view, now(), true), HasSubstr("\033[32m✔\033[0m"));
}

TEST(StatusView, AWrongPortHasARemedyWhileTheRolloutGoesOn) {
    auto view = cli::viewOf(
        app(Json::array({condition("Ready", "False", "RollingOut",
                                   "web/z1: NotReady: GET / at port 8080 does not answer with 200 "
                                   "to 399 (3 pods)")})),
        {.services = {service()}, .pods = {pod("a", "n1", false)}});
    EXPECT_THAT(view.whatToDo, HasSubstr("correct `web.port`"));
    auto waits = cli::viewOf(
        app(Json::array({condition("Ready", "False", "RollingOut", "web: 2 of 3 pods ready")})),
        {.services = {service()}, .pods = {pod("a", "n1", true)}});
    EXPECT_EQ(waits.whatToDo, "");
}

TEST(StatusView, AZoneThatIsLostHasARemedyWhereTheOthersServe) {
    auto object =
        app(Json::array({condition("Ready", "True", "Ready", ""),
                         condition("ZonesSatisfied", "False", "ZoneLost", "z1: 0 of 1")}));
    EXPECT_THAT(screen(object), HasSubstr("what to do: bring the zone back"));
    object["status"]["conditions"][1] = condition("ZonesSatisfied", "True", "Satisfied", "");
    EXPECT_THAT(screen(object), Not(HasSubstr("what to do")));
}

// As while a zone is drained: nobody has to do anything.
TEST(StatusView, WhatIsOnItsWayIsNoRootCause) {
    auto object =
        app(Json::array({condition("Ready", "False", "RollingOut", "web: 5 of 3 pods ready"),
                         condition("Reconciling", "True", "RollingOut", "web: 5 of 3 pods ready"),
                         condition("ZonesSatisfied", "False", "ZoneShort", "z1: 1 of 2")}));
    EXPECT_THAT(screen(object), HasSubstr("on its way: web: 5 of 3 pods ready\n"));
    EXPECT_THAT(screen(object),
                testing::AllOf(Not(HasSubstr("root cause")), Not(HasSubstr("what to do"))));
    for (size_t i : {0U, 1U}) {
        object["status"]["conditions"][i]["message"] = "web: ImagePullBackOff \"shop:9\"";
    }
    EXPECT_THAT(screen(object), HasSubstr("✖ root cause: web: ImagePullBackOff"));
}

TEST(StatusView, ATrafficPathThatIsBrokenSaysWhere) {
    auto view = cli::viewOf(app({}), {.pods = {pod("a", "n1", false)}});
    EXPECT_FALSE(view.path.at(0).works);
    EXPECT_THAT(view.path.at(0).detail, HasSubstr("shop.ns.svc has no Service"));
    EXPECT_FALSE(view.path.at(1).works);
    EXPECT_FALSE(view.path.at(2).works);
    EXPECT_THAT(cli::text(view, now(), false), HasSubstr("is the operator running?"));
}

TEST(StatusView, APodsStateIsItsDeepestReason) {
    auto unscheduled = pod("b", "", false);
    unscheduled["status"]["phase"] = "Pending";
    unscheduled["status"]["conditions"].push_back(
        {{"type", "PodScheduled"}, {"status", "False"}, {"reason", "Unschedulable"}});
    auto going = pod("c", "n1", true);
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
    auto view =
        cli::viewOf(app({}), {.pods = {waiting("a", "CrashLoopBackOff"), unscheduled, going}});
    EXPECT_EQ(view.pods.at(0).state, "CrashLoopBackOff");
    EXPECT_EQ(view.pods.at(1).state, "Unschedulable");
    EXPECT_EQ(view.pods.at(2).state, "Terminating");
    EXPECT_FALSE(view.pods.at(2).ready);
}

TEST(StatusView, TheZoneComesFromTheNodeOrThePodsOwnLabel) {
    auto labelled = pod("a", "n1", true);
    labelled["metadata"]["labels"]["topology.kubernetes.io/zone"] = "z9";
    EXPECT_EQ(cli::viewOf(app({}), {.pods = {labelled}}).pods.at(0).zone, "z9");
    auto known = cli::viewOf(app({}), {.pods = {labelled}, .zoneOfNode = {{"n1", "z1"}}});
    EXPECT_EQ(known.pods.at(0).zone, "z1");
}

TEST(StatusView, TheJsonDoesNotChangeWithTime) {
    auto view = cli::viewOf(app(Json::array({condition("Ready", "True", "Ready", "")})),
                            {.services = {service()}, .pods = {pod("a", "n1", true)}});
    auto json = cli::json(view);
    EXPECT_EQ(base::boolAt(json, "/ready"), true);
    EXPECT_EQ(base::stringAt(json, "/pods/0/createdAt"), "2026-01-01T00:00:00Z");
    EXPECT_EQ(base::at(json, "/pods/0/age"), nullptr);
}

TEST(StatusView, ShowsTheBalancerAndTheZonesOfTheWebTier) {
    auto object = app(Json::array({condition("CircuitOpen", "True", "Open", "")}));
    object["spec"]["loadBalancer"]["algorithm"] = "LeastConnections";
    object["status"]["loadBalancer"] = {
        {"ready", 2}, {"summary", "2/2"}, {"entry", "LoadBalancer"}};
    object["status"]["web"]["zones"] = {{{"name", "z1"}, {"weight", 100}, {"ready", 1}},
                                        {{"name", "z2"}, {"weight", 0}, {"ready", 0}}};
    auto shown = screen(object);
    EXPECT_THAT(shown, HasSubstr("  ✖ load balancer  2/2 ready, LeastConnections, circuit breaker "
                                 "open  <- broken from here on\n"));
    EXPECT_THAT(shown,
                HasSubstr("  what to do: see why the web pods answer with errors: kubectl -n "
                          "ns logs -l scalableapp.dev/app=shop,scalableapp.dev/tier=web\n"));
    EXPECT_THAT(shown, HasSubstr(", zones z1:1 z2:0 (drained)\n"));
    object["status"]["conditions"] =
        Json::array({condition("CircuitOpen", "Unknown", "BalancersSilent", "")});
    EXPECT_THAT(screen(object), HasSubstr("  ✔ load balancer  2/2 ready, LeastConnections, circuit "
                                          "breaker not known\n"));
}

TEST(StatusView, BeginsOutsideWhereThereIsAWayIn) {
    auto object = app(Json::array({condition("Exposed", "False", "WaitingForAddress", "")}));
    object["status"]["exposure"] = {{"type", "Ingress"}};
    object["status"]["endpoints"] =
        Json::array({{{"name", "public"}, {"address", "https://shop.example"}}});
    auto shown = screen(object);
    EXPECT_THAT(shown, HasSubstr("  ✖ outside  https://shop.example, Ingress at no address yet  <- "
                                 "broken from here on\n"));
    EXPECT_THAT(shown, HasSubstr("what to do: see whether a controller takes care of it"));
    object["status"]["conditions"][0]["status"] = "True";
    object["status"]["exposure"]["address"] = "203.0.113.7";
    shown = screen(object);
    EXPECT_THAT(shown, HasSubstr("  ✔ outside  https://shop.example, Ingress at 203.0.113.7\n"));
}

TEST(StatusView, TheFirstBrokenHopIsTheOneWhereRequestsStop) {
    // Edges with nothing behind them give out what they keep: the web tier is what is broken.
    auto object = app(Json::array({condition("Ready", "False", "CrashLoopBackOff",
                                             "web: CrashLoopBackOff: exit code 2 (3 pods)"),
                                   condition("ServingStale", "True", "OriginDown", "")}));
    object["status"]["cdn"] = {{"ready", 2}, {"summary", "2/2"}, {"entry", "Edge"}};
    auto view = cli::viewOf(object, {.services = {service()}, .pods = {pod("a", "n1", false)}});
    EXPECT_EQ(view.firstBroken, "web");
    EXPECT_EQ(view.whatToDo,
              "see why it ends: kubectl -n ns logs -l "
              "scalableapp.dev/app=shop,scalableapp.dev/tier=web --previous");
    EXPECT_THAT(cli::text(view, now(), false),
                HasSubstr("  ✖ web  1/3 ready, image shop:1, scales from 3 to 9  <- broken from "
                          "here on\n"));
    auto json = cli::json(view);
    EXPECT_EQ(base::stringAt(json, "/firstBroken"), "web");
    EXPECT_EQ(base::stringAt(json, "/whatToDo"), view.whatToDo);
    EXPECT_EQ(base::stringAt(json, "/path/0/name"), "dns");
    // With web pods that serve it is between the edges and them.
    view = cli::viewOf(object, {.services = {service()}, .pods = {pod("a", "n1", true)}});
    EXPECT_EQ(view.firstBroken, "cdn");
}

// A tier that is registered has its line without a word here.
TEST(StatusView, AnotherTierBringsItsOwnStation) {
    auto queue = plan::tiers().front();
    queue.name = "queue";
    queue.condition = "QueueReady";
    queue.hop = [](const plan::HopEvidence& seen) {
        return std::optional(plan::Hop{.name = "queue",
                                       .detail = std::to_string(seen.readyPods) + " ready",
                                       .works = !seen.restWorks});
    };
    auto geo = queue;
    geo.outside = true;
    geo.hop = [](const plan::HopEvidence&) {
        return std::optional(plan::Hop{.name = "region", .detail = "", .works = true});
    };
    auto tiers = plan::tiers();
    tiers.insert(tiers.begin() + 1, queue);
    tiers.push_back(geo);
    auto queued = pod("q", "n1", true);
    queued["metadata"]["labels"]["scalableapp.dev/tier"] = "queue";
    auto object = app(Json::array({condition("QueueReady", "False", "OOMKilled", "")}));
    auto view = cli::viewOf(
        object, {.services = {service()}, .pods = {pod("a", "n1", true), queued}}, tiers);
    std::vector<std::string> names;
    for (const auto& hop : view.path) {
        names.push_back(hop.name);
    }
    EXPECT_THAT(names, testing::ElementsAre("dns", "region", "entry", "queue", "web"));
    EXPECT_EQ(view.path.at(3).detail, "1 ready");
    EXPECT_EQ(view.firstBroken, "queue");
    EXPECT_THAT(view.whatToDo, HasSubstr("`queue.resources.limits.memory`"));
}

TEST(StatusView, TheNameThatVisitorsAskForIsLookedUp) {
    auto object = app(Json::array(
        {condition("Ready", "True", "Ready", ""), condition("Exposed", "True", "Exposed", "")}));
    EXPECT_EQ(cli::publicName(object), "");
    object["spec"]["loadBalancer"]["host"] = "shop.example";
    object["status"]["exposure"] = {{"type", "Ingress"}, {"address", "203.0.113.7"}};
    EXPECT_EQ(cli::publicName(object), "shop.example");
    auto found = [](std::vector<std::string> addresses, std::string problem = "") {
        return cli::NameLookup{"shop.example", std::move(addresses), std::move(problem)};
    };
    EXPECT_THAT(screen(object, found({"203.0.113.7"})),
                HasSubstr("  ✔ dns  shop.example is 203.0.113.7\n"));
    EXPECT_THAT(
        screen(object, found({"192.0.2.1"})),
        HasSubstr("  ✖ dns  shop.example is 192.0.2.1, the way in is 203.0.113.7  <- broken "
                  "from here on\n"));
    auto none = screen(object, found({}, "name shop.example cannot be looked up: not known"));
    EXPECT_THAT(none, HasSubstr("  ✖ dns  name shop.example cannot be looked up: not known"));
    EXPECT_THAT(none, HasSubstr("what to do: let the name's records lead to the way in"));
    // Nobody to ask is no verdict about the name.
    EXPECT_THAT(screen(object, found({})), HasSubstr("  ✔ dns  shop.example, no name server"));
    // A commercial CDN before it has other addresses.
    object["spec"]["cdn"]["providers"] = Json::array({{{"name", "main"}}});
    EXPECT_THAT(screen(object, found({"192.0.2.1"})),
                HasSubstr("  ✔ dns  shop.example is 192.0.2.1\n"));
    // Names of balancers cannot be compared with addresses.
    object["spec"].erase("cdn");
    object["status"]["exposure"]["address"] = "lb-1.cloud.example";
    EXPECT_THAT(screen(object, found({"192.0.2.1"})),
                HasSubstr("  ✔ dns  shop.example is 192.0.2.1\n"));
}

}  // namespace
