#include "runtime/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/client.h"

namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, CountsSetsAndObserves) {
    runtime::Metrics metrics;
    metrics.define("test_total", runtime::Metrics::Kind::Counter, "Things.");
    metrics.define("test_size", runtime::Metrics::Kind::Gauge, "Size.");
    metrics.define("test_seconds", runtime::Metrics::Kind::Histogram, "Time.", {1, 2});
    metrics.count("test_total", {{"kind", "a"}});
    metrics.count("test_total", {{"kind", "a"}}, 2);
    metrics.set("test_size", {}, 7);
    metrics.observe("test_seconds", {}, 1.5);
    auto text = metrics.text();
    EXPECT_THAT(text, HasSubstr("# HELP test_total Things.\n# TYPE test_total counter\n"));
    EXPECT_THAT(text, HasSubstr("test_total{kind=\"a\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("test_size 7\n"));
    EXPECT_THAT(text, HasSubstr("test_seconds_bucket{le=\"1\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("test_seconds_bucket{le=\"2\"} 1\n"));
}

TEST(Metrics, ARemovedValueIsGone) {
    runtime::Metrics metrics;
    metrics.set("informer_objects", {{"resource", "pods"}}, 1);
    metrics.remove("informer_objects", {{"resource", "pods"}});
    EXPECT_THAT(metrics.text(), Not(HasSubstr("informer_objects{")));
}

TEST(Metrics, RequestsCarryClientGosLabels) {
    runtime::Metrics metrics;
    metrics.setHost("10.0.0.1:6443");
    kube::RequestInfo apply;
    apply.verb = "apply";
    apply.httpStatus = 201;
    apply.requestBytes = 300;
    apply.responseBytes = 2000;
    apply.retry = true;
    metrics.request(apply);
    kube::RequestInfo list;
    list.verb = "list";
    metrics.request(list);
    kube::RequestInfo watch;
    watch.verb = "watch";
    watch.httpStatus = 200;
    metrics.request(watch);
    auto text = metrics.text();
    EXPECT_THAT(text, HasSubstr("rest_client_requests_total{code=\"201\",host=\"10.0.0.1:6443\","
                                "method=\"PATCH\"} 1"));
    EXPECT_THAT(text, HasSubstr("code=\"<error>\",host=\"10.0.0.1:6443\",method=\"GET\"} 1"));
    EXPECT_THAT(text, HasSubstr("rest_client_request_duration_seconds_count{host=\"10.0.0.1:6443\","
                                "verb=\"GET\"} 1"));
    for (
        const char* line :
        {R"(rest_client_request_retries_total{code="201",host="10.0.0.1:6443",verb="PATCH"} 1)",
         R"(rest_client_request_size_bytes_sum{host="10.0.0.1:6443",verb="PATCH"} 300)",
         R"(rest_client_response_size_bytes_sum{host="10.0.0.1:6443",verb="PATCH"} 2000)",
         R"(rest_client_rate_limiter_duration_seconds_count{host="10.0.0.1:6443",verb="GET"} 1)"}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
}

TEST(Metrics, OrdinaryRequestsAreVisibleBeforeTheFirst) {
    runtime::Metrics metrics;
    metrics.setHost("fake");
    auto text = metrics.text();
    for (const char* line :
         {R"(rest_client_requests_total{code="200",host="fake",method="GET"} 0)",
          R"(rest_client_requests_total{code="201",host="fake",method="POST"} 0)",
          R"(rest_client_requests_total{code="200",host="fake",method="PUT"} 0)",
          R"(rest_client_requests_total{code="200",host="fake",method="PATCH"} 0)",
          R"(rest_client_requests_total{code="200",host="fake",method="DELETE"} 0)",
          R"(rest_client_request_duration_seconds_count{host="fake",verb="PATCH"} 0)"}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
}

TEST(Metrics, AHandleIsTheSameValueWithoutTheLookUp) {
    runtime::Metrics metrics;
    auto adds = metrics.counter("workqueue_adds_total", {{"controller", "c"}, {"name", "c"}});
    EXPECT_THAT(metrics.text(), HasSubstr(R"(workqueue_adds_total{controller="c",name="c"} 0)"));
    adds.add();
    metrics.count("workqueue_adds_total", {{"controller", "c"}, {"name", "c"}});
    EXPECT_THAT(metrics.text(), HasSubstr(R"(workqueue_adds_total{controller="c",name="c"} 2)"));
    runtime::Counter ofNothing;
    ofNothing.add();
}

TEST(Metrics, RefreshesAtEachScrapeWhileTheHandleLives) {
    runtime::Metrics metrics;
    int calls = 0;
    auto handle = metrics.onScrape([&] { metrics.set("informer_objects", {}, ++calls); });
    EXPECT_THAT(metrics.text(), HasSubstr("informer_objects 1"));
    EXPECT_THAT(metrics.text(), HasSubstr("informer_objects 2"));
    handle.reset();
    EXPECT_THAT(metrics.text(), HasSubstr("informer_objects 2"));
}

#ifndef NDEBUG
TEST(MetricsDeathTest, AnUnknownNameIsADefect) {
    runtime::Metrics metrics;
    EXPECT_DEATH(metrics.count("no_such_metric", {}), "no_such_metric");
}
#endif

}  // namespace
