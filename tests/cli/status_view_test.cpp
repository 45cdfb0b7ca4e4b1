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

TEST(StatusView, IsOneScreen) {
    auto view = cli::viewOf(
        app({condition("Ready", "False", "ImagePullBackOff", "web: ImagePullBackOff \"shop:9\""),
             condition("Stalled", "True", "ImagePullBackOff", "")}),
        {service()}, {waiting("shop-web-b", "ImagePullBackOff"), pod("shop-web-a", "n2", true)},
        {{"n1", "z1"}, {"n2", "z2"}});
    EXPECT_EQ(cli::text(view, now(), false),
              "shop in ns: not ready, stage LoadBalancer\n"
              "✖ root cause: web: ImagePullBackOff \"shop:9\"\n"
              "\n"
              "Traffic\n"
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
                            {service()}, {pod("a", "n1", true)}, {});
    EXPECT_TRUE(view.ready);
    EXPECT_THAT(cli::text(view, now(), false), Not(HasSubstr("root cause")));
    EXPECT_THAT(cli::text(view, now(), true), HasSubstr("\033[32m✔\033[0m"));
}

TEST(StatusView, ATrafficPathThatIsBrokenSaysWhere) {
    auto view = cli::viewOf(app({}), {}, {pod("a", "n1", false)}, {});
    EXPECT_FALSE(view.path.at(0).works);
    EXPECT_THAT(view.path.at(0).detail, HasSubstr("no Service"));
    EXPECT_FALSE(view.path.at(1).works);
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
        cli::viewOf(app({}), {}, {waiting("a", "CrashLoopBackOff"), unscheduled, going}, {});
    EXPECT_EQ(view.pods.at(0).state, "CrashLoopBackOff");
    EXPECT_EQ(view.pods.at(1).state, "Unschedulable");
    EXPECT_EQ(view.pods.at(2).state, "Terminating");
    EXPECT_FALSE(view.pods.at(2).ready);
}

TEST(StatusView, TheZoneComesFromTheNodeOrThePodsOwnLabel) {
    auto labelled = pod("a", "n1", true);
    labelled["metadata"]["labels"]["topology.kubernetes.io/zone"] = "z9";
    EXPECT_EQ(cli::viewOf(app({}), {}, {labelled}, {}).pods.at(0).zone, "z9");
    EXPECT_EQ(cli::viewOf(app({}), {}, {labelled}, {{"n1", "z1"}}).pods.at(0).zone, "z1");
}

TEST(StatusView, TheJsonDoesNotChangeWithTime) {
    auto view = cli::viewOf(app(Json::array({condition("Ready", "True", "Ready", "")})),
                            {service()}, {pod("a", "n1", true)}, {});
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
    auto shown =
        cli::text(cli::viewOf(object, {service()}, {pod("a", "n1", true)}, {}), now(), false);
    EXPECT_THAT(shown, HasSubstr("  ✖ load balancer  2/2 ready, LeastConnections, circuit breaker "
                                 "open\n"));
    EXPECT_THAT(shown, HasSubstr(", zones z1:1 z2:0 (drained)\n"));
}

TEST(StatusView, BeginsOutsideWhereThereIsAWayIn) {
    auto object = app(Json::array({condition("Exposed", "False", "WaitingForAddress", "")}));
    object["status"]["exposure"] = {{"type", "Ingress"}};
    object["status"]["endpoints"] =
        Json::array({{{"name", "public"}, {"address", "https://shop.example"}}});
    auto shown =
        cli::text(cli::viewOf(object, {service()}, {pod("a", "n1", true)}, {}), now(), false);
    EXPECT_THAT(shown, HasSubstr("  ✖ outside  https://shop.example, Ingress at no address yet\n"));
    object["status"]["conditions"][0]["status"] = "True";
    object["status"]["exposure"]["address"] = "203.0.113.7";
    shown = cli::text(cli::viewOf(object, {service()}, {pod("a", "n1", true)}, {}), now(), false);
    EXPECT_THAT(shown, HasSubstr("  ✔ outside  https://shop.example, Ingress at 203.0.113.7\n"));
}

}  // namespace
