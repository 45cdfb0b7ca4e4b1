// The in-process API server is what many tests stand on: it has to do as the real one does.
#include "apiserver/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "kube/client.h"
#include "runtime/objects.h"

namespace {

using kube::ErrorKind;
using test::kMaps;
using test::kPods;
using test::podJson;
using testing::ElementsAre;

class ApiServerTest : public testing::Test {
  protected:
    std::vector<std::string> names(const kube::ListOptions& options) {
        std::vector<std::string> out;
        auto list = client.list(kPods, options, never);
        EXPECT_TRUE(list) << list.error().str();
        for (const auto& item : list->items) {
            out.push_back(item->meta().key.name);
        }
        return out;
    }
    std::shared_ptr<test::ApiServer> server = std::make_shared<test::ApiServer>();
    kube::Client client{server, {.fieldManager = "tests"}};
    std::stop_token never;
};

TEST_F(ApiServerTest, CreateGetUpdateDelete) {
    auto made = client.create(kPods, podJson("a"), never);
    ASSERT_TRUE(made) << made.error().str();
    EXPECT_FALSE((*made)->meta().uid.empty());
    EXPECT_EQ((*made)->meta().generation, 1);
    EXPECT_TRUE(client.create(kPods, podJson("a"), never).error().is(ErrorKind::AlreadyExists));

    auto json = (*made)->json();
    json["spec"]["nodeName"] = "n1";
    auto updated = client.update(kPods, json, never);
    ASSERT_TRUE(updated) << updated.error().str();
    EXPECT_EQ((*updated)->meta().generation, 2);
    EXPECT_TRUE(client.update(kPods, json, never).error().is(ErrorKind::Conflict));

    kube::ObjectKey key{"ns", "a"};
    EXPECT_TRUE(client.remove(kPods, key, {.uid = "wrong"}, never).error().is(ErrorKind::Conflict));
    EXPECT_TRUE(client.remove(kPods, key, {.uid = (*made)->meta().uid}, never));
    EXPECT_TRUE(client.get(kPods, key, never).error().is(ErrorKind::NotFound));
    EXPECT_EQ(server->mutations(), 6U);
    EXPECT_EQ(server->mutations("pods/a"), 4U);
}

TEST_F(ApiServerTest, ApplyOwnsWhatItNamedAndNothingElse) {
    auto intent = podJson("a");
    intent["spec"] = {{"mine", 1}, {"also", 2}};
    auto first = client.apply(kPods, intent, never);
    ASSERT_TRUE(first) << first.error().str();
    server->edit(kPods, {"ns", "a"}, [](base::Json& pod) { pod["spec"]["theirs"] = 3; });
    auto same = client.apply(kPods, intent, never);
    auto after = client.apply(kPods, intent, never);
    EXPECT_EQ((*same)->meta().resourceVersion, (*after)->meta().resourceVersion);
    intent["spec"].erase("also");
    auto changed = client.apply(kPods, intent, never);
    EXPECT_EQ((*changed)->json()["spec"], base::Json({{"mine", 1}, {"theirs", 3}}));
}

TEST_F(ApiServerTest, StatusIsASubresource) {
    auto json = podJson("a");
    json["status"] = {{"phase", "Running"}};
    auto made = client.create(kPods, json, never);
    EXPECT_FALSE((*made)->json().contains("status"));
    auto status = client.applyStatus(kPods, json, never);
    ASSERT_TRUE(status) << status.error().str();
    EXPECT_EQ(base::stringAt((*status)->json(), "/status/phase"), "Running");
    EXPECT_EQ((*status)->meta().generation, 1);
    auto again = client.apply(kPods, podJson("a"), never);
    EXPECT_EQ(base::stringAt((*again)->json(), "/status/phase"), "Running");
}

TEST_F(ApiServerTest, ListsWithSelectorsAndPages) {
    for (const char* name : {"a", "b", "c"}) {
        server->put(kPods, podJson(name, name == std::string("b") ? "blog" : "shop"));
    }
    EXPECT_THAT(names({.namespace_ = "ns"}), ElementsAre("a", "b", "c"));
    EXPECT_THAT(names({.namespace_ = "other"}), ElementsAre());
    EXPECT_THAT(names({.labelSelector = "app=shop"}), ElementsAre("a", "c"));
    EXPECT_THAT(names({.labelSelector = "app in (blog, x)"}), ElementsAre("b"));
    EXPECT_THAT(names({.labelSelector = "app,app!=shop"}), ElementsAre("b"));
    EXPECT_THAT(names({.fieldSelector = "metadata.name=c"}), ElementsAre("c"));
    auto page = client.list(kPods, {.limit = 2}, never);
    ASSERT_EQ(page->items.size(), 2U);
    EXPECT_THAT(names({.continueToken = page->continueToken}), ElementsAre("c"));
    server->compact();
    EXPECT_TRUE(client.list(kPods, {.continueToken = page->continueToken}, never)
                    .error()
                    .is(ErrorKind::Expired));
}

TEST_F(ApiServerTest, ObjectsLoseTheirDependents) {
    auto owner = server->put(kMaps, {{"metadata", {{"namespace", "ns"}, {"name", "owner"}}}});
    auto child = podJson("child");
    child["metadata"]["ownerReferences"] = {{{"apiVersion", "v1"},
                                             {"kind", "ConfigMap"},
                                             {"name", "owner"},
                                             {"uid", owner["metadata"]["uid"]}}};
    server->put(kPods, child);
    server->drop(kMaps, {"ns", "owner"});
    EXPECT_FALSE(server->find(kPods, {"ns", "child"}));
}

TEST_F(ApiServerTest, WatchesSeeObjectsEnterAndLeaveTheirSelection) {
    auto version = server->version();
    server->put(kPods, podJson("a", "shop"));
    server->edit(kPods, {"ns", "a"}, [](base::Json& pod) { pod["spec"] = {{"x", 1}}; });
    server->edit(kPods, {"ns", "a"},
                 [](base::Json& pod) { pod["metadata"]["labels"]["app"] = "x"; });
    std::vector<std::string> types;
    std::stop_source stop;
    auto end = client.watch(
        kPods, {.labelSelector = "app=shop", .resourceVersion = version},
        [&](std::string_view line) {
            types.push_back(*base::stringAt(*base::parseJson(line), "/type"));
            if (types.size() == 3) {
                stop.request_stop();
            }
        },
        stop.get_token());
    EXPECT_TRUE(end.error().is(ErrorKind::Cancelled));
    EXPECT_THAT(types, ElementsAre("ADDED", "MODIFIED", "DELETED"));
}

TEST_F(ApiServerTest, FaultsHappenAsOrdered) {
    server->failNext(1, "POST", "pods", 500);
    EXPECT_TRUE(client.create(kPods, podJson("a"), never).error().is(ErrorKind::ServerError));
    EXPECT_TRUE(client.create(kPods, podJson("a"), never));
    server->setReachable(false);
    EXPECT_TRUE(client.get(kPods, {"ns", "a"}, never).error().is(ErrorKind::Unreachable));
    server->setReachable(true);
    server->hide("pods");
    EXPECT_TRUE(client.list(kPods, {}, never).error().is(ErrorKind::NotFound));
}

}  // namespace
