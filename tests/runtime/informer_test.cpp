#include "runtime/informer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "apiserver/server.h"
#include "runtime/informer_core.h"
#include "runtime/metrics.h"
#include "runtime/objects.h"

namespace {

using namespace std::chrono_literals;
using test::kPods;
using test::podJson;
using testing::ElementsAre;
using testing::HasSubstr;

class InformerTest : public testing::Test {
  protected:
    void start(const std::string& labels = "") {
        informer = std::make_unique<runtime::Informer>(
            client, runtime::InformerOptions{.type = kPods, .labelSelector = labels},
            base::systemClock(), metrics);
        informer->store().addIndex("app", runtime::labelIndex("app"));
        informer->onChange([this](const runtime::Store::Change& change, bool initial) {
            std::lock_guard lock(mutex);
            std::string what = !change.before ? "+" : !change.after ? "-" : "~";
            const auto& object = change.after ? change.after : change.before;
            heard.push_back(what + object->meta().key.name + (initial ? "!" : ""));
        });
        informer->start();
    }
    std::vector<std::string> told() {
        std::lock_guard lock(mutex);
        return heard;
    }
    bool hears(const std::vector<std::string>& what) {
        return server->waitFor([&] { return told() == what; });
    }
    bool hasSynced() {
        return server->waitFor([&] { return informer->store().synced(); });
    }
    // The store and the server hold the same.
    bool equal() {
        return server->waitFor([&] {
            auto there = server->all(kPods);
            auto here = informer->store().list();
            return there.size() == here.size() &&
                   std::equal(there.begin(), there.end(), here.begin(),
                              [](const auto& a, const auto& b) {
                                  return base::stringAt(a, "/metadata/resourceVersion") ==
                                         b->meta().resourceVersion;
                              });
        });
    }

    std::shared_ptr<test::ApiServer> server = std::make_shared<test::ApiServer>();
    kube::Client client{server, {}};
    runtime::Metrics metrics;
    std::mutex mutex;
    std::vector<std::string> heard;
    std::unique_ptr<runtime::Informer> informer;
};

TEST_F(InformerTest, ListsThenWatches) {
    server->put(kPods, podJson("a"));
    start();
    ASSERT_TRUE(hasSynced());
    EXPECT_TRUE(hears({"+a!"}));
    server->put(kPods, podJson("b"));
    server->edit(kPods, {"ns", "a"}, [](base::Json& pod) { pod["spec"] = {{"x", 1}}; });
    server->drop(kPods, {"ns", "b"});
    EXPECT_TRUE(hears({"+a!", "+b", "~a", "-b"}));
    EXPECT_TRUE(equal());
    EXPECT_EQ(server->mutations(), 0U);
    EXPECT_THAT(metrics.text(), HasSubstr("informer_synced{resource=\"pods\"} 1"));
    EXPECT_THAT(metrics.text(), HasSubstr("informer_objects{resource=\"pods\"} 1"));
    EXPECT_THAT(metrics.text(), HasSubstr("informer_healthy{resource=\"pods\"} 1"));
}

TEST_F(InformerTest, OneRequestIsAllItTakes) {
    server->put(kPods, podJson("a"));
    start();
    ASSERT_TRUE(hasSynced());
    server->put(kPods, podJson("b"));
    ASSERT_TRUE(hears({"+a!", "+b"}));
    EXPECT_EQ(server->requests().size(), 1U);
}

TEST_F(InformerTest, SeesOnlyItsSelection) {
    server->put(kPods, podJson("a", "shop"));
    server->put(kPods, podJson("b", "blog"));
    start("app=shop");
    ASSERT_TRUE(hasSynced());
    server->edit(kPods, {"ns", "b"},
                 [](base::Json& pod) { pod["metadata"]["labels"]["app"] = "shop"; });
    server->edit(kPods, {"ns", "a"},
                 [](base::Json& pod) { pod["metadata"]["labels"].erase("app"); });
    EXPECT_TRUE(hears({"+a!", "+b", "-a"}));
}

TEST_F(InformerTest, WorksWithServersWithoutStreamedLists) {
    server->setStreamedLists(false);
    server->put(kPods, podJson("a"));
    start();
    ASSERT_TRUE(hasSynced());
    server->put(kPods, podJson("b"));
    EXPECT_TRUE(hears({"+a!", "+b"}));
}

TEST_F(InformerTest, AWatchThatEndsGoesOnWhereItWas) {
    start();
    ASSERT_TRUE(hasSynced());
    server->put(kPods, podJson("a"));
    ASSERT_TRUE(hears({"+a"}));
    server->cutWatches();
    server->put(kPods, podJson("b"));
    ASSERT_TRUE(hears({"+a", "+b"}));
    for (const auto& request : server->requests()) {
        EXPECT_TRUE(request.watch) << request.target;
    }
}

TEST_F(InformerTest, ExpiredHistoryIsRelistedAndOnlyDifferencesAreTold) {
    server->put(kPods, podJson("a"));
    server->put(kPods, podJson("b"));
    start();
    ASSERT_TRUE(hears({"+a!", "+b!"}));
    server->onRequest([&](const kube::HttpRequest&) {
        // Before the next watch begins, things happen that it can no longer be told.
        server->onRequest({});
        server->drop(kPods, {"ns", "a"});
        server->put(kPods, podJson("c"));
        server->compact();
        return std::nullopt;
    });
    server->cutWatches();
    EXPECT_TRUE(hears({"+a!", "+b!", "-a", "+c"}));
    EXPECT_TRUE(equal());
}

TEST_F(InformerTest, ABookmarkAdvancesTheVersionAndTellsNobody) {
    start();
    ASSERT_TRUE(hasSynced());
    server->put(test::kMaps, {{"metadata", {{"namespace", "ns"}, {"name", "elsewhere"}}}});
    server->bookmark();
    EXPECT_TRUE(
        server->waitFor([&] { return informer->store().resourceVersion() == server->version(); }));
    EXPECT_THAT(told(), ElementsAre());
}

TEST_F(InformerTest, AnUnreachableServerIsWaitedForAndSaidOnce) {
    server->setReachable(false);
    server->put(kPods, podJson("a"));
    testing::internal::CaptureStderr();
    start();
    ASSERT_TRUE(server->waitFor([&] { return server->requests().size() >= 2; }));
    EXPECT_FALSE(informer->store().synced());
    EXPECT_THAT(metrics.text(), HasSubstr("informer_healthy{resource=\"pods\"} 0"));
    server->setReachable(true);
    ASSERT_TRUE(hears({"+a!"}));
    informer->stop();
    auto log = testing::internal::GetCapturedStderr();
    auto first = log.find("the API server does not answer");
    EXPECT_NE(first, std::string::npos) << log;
    EXPECT_EQ(log.find("the API server does not answer", first + 1), std::string::npos) << log;
    EXPECT_THAT(log, HasSubstr("the API server answers again"));
    EXPECT_THAT(metrics.text(),
                HasSubstr("informer_failures_total{kind=\"unreachable\",resource=\"pods\"}"));
}

TEST_F(InformerTest, AMissingKindIsSaidOnceByName) {
    server->hide("pods");
    testing::internal::CaptureStderr();
    start();
    ASSERT_TRUE(server->waitFor([&] { return server->requests().size() >= 4; }));
    informer->stop();
    auto log = testing::internal::GetCapturedStderr();
    auto first = log.find("cannot list or watch");
    EXPECT_NE(first, std::string::npos) << log;
    EXPECT_EQ(log.find("cannot list or watch", first + 1), std::string::npos) << log;
    EXPECT_THAT(log, HasSubstr("resource=pods"));
}

TEST_F(InformerTest, AnOutageInTheMiddleLosesNothing) {
    server->put(kPods, podJson("a"));
    start();
    ASSERT_TRUE(hasSynced());
    server->setReachable(false);
    server->put(kPods, podJson("b"));
    server->drop(kPods, {"ns", "a"});
    server->setReachable(true);
    EXPECT_TRUE(hears({"+a!", "+b", "-a"}));
    EXPECT_TRUE(equal());
}

// Writes down what is slept, and whether it was cut short.
struct Sleeps : runtime::Timer {
    Bell at(base::SteadyTime, std::function<void()>) override { return nullptr; }
    Bell every(std::chrono::milliseconds, std::function<void()>) override { return nullptr; }
    void sleep(std::chrono::milliseconds pause, const std::stop_token& stop) override {
        meanwhile();
        all.emplace_back(pause, stop.stop_requested());
    }
    std::function<void()> meanwhile = [] {};
    std::vector<std::pair<std::chrono::milliseconds, bool>> all;
};

TEST_F(InformerTest, AnAnswerToSomebodyElseEndsThePauseOfAnOutage) {
    server->setReachable(false);
    Sleeps timer;
    auto health = std::make_shared<runtime::ServerHealth>();
    runtime::InformerCore core(client, {.type = kPods}, base::systemClock(), timer, metrics,
                               [] { return 0.0; });
    core.share(health);
    auto failAndPause = [&] {
        core.step({});
        core.step({});
    };
    core.step({});
    failAndPause();
    failAndPause();
    EXPECT_THAT(timer.all, ElementsAre(std::pair(800ms, false), std::pair(0ms, false),
                                       std::pair(800ms, false), std::pair(800ms, false)));
    timer.all.clear();
    timer.meanwhile = [&] { health->reached(); };
    failAndPause();
    // Never less than the least: it may be this request alone that fails.
    EXPECT_THAT(timer.all, ElementsAre(std::pair(800ms, false), std::pair(2400ms, true)));
}

TEST_F(InformerTest, AHandlerThatThrowsDoesNotEndTheWatch) {
    informer = std::make_unique<runtime::Informer>(client, runtime::InformerOptions{.type = kPods},
                                                   base::systemClock(), metrics);
    informer->onChange([](const auto&, bool) { throw std::runtime_error("handler"); });
    informer->start();
    server->put(kPods, podJson("a"));
    EXPECT_TRUE(server->waitFor([&] { return informer->store().size() == 1; }));
    server->put(kPods, podJson("b"));
    EXPECT_TRUE(server->waitFor([&] { return informer->store().size() == 2; }));
}

}  // namespace
