// The verbs that ask a cluster, against one that answers as a real one does in its corners.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/stub_cluster.h"

namespace {

using base::Json;
using cli_test::kShopPath;
using cli_test::StubCluster;
using testing::HasSubstr;

constexpr const char* kManifest =
    "apiVersion: scalableapp.dev/v1alpha1\nkind: ScalableApp\nmetadata: {name: shop}\n"
    "spec: {web: {image: 'shop:1'}}\n";

Json shop() {
    return {{"apiVersion", "scalableapp.dev/v1alpha1"},
            {"kind", "ScalableApp"},
            {"metadata",
             {{"name", "shop"}, {"namespace", "ns"}, {"uid", "u1"}, {"resourceVersion", "1"}}},
            {"spec", {{"web", {{"image", "shop:1"}}}}}};
}

std::string listPath(const std::string& group, const std::string& plural) {
    return "/apis/" + group + "/v1/namespaces/ns/" + plural;
}

// Nobody but administrators has rights on the Gateway API by default.
TEST(Cluster, WhoMayNotReadGatewaysSeesTheRest) {
    StubCluster cluster;
    cluster.answer(kShopPath, {{200, shop()}});
    for (const char* plural : {"gateways", "httproutes"}) {
        cluster.answer(listPath("gateway.networking.k8s.io", plural), {{403}});
    }
    auto tree = cluster.run({"tree", "shop"});
    EXPECT_EQ(tree.exitCode, 0) << tree.err;
    EXPECT_THAT(tree.out, HasSubstr("shop"));
    auto diff = cluster.run({"plan", "--diff", "-f", "-"}, kManifest);
    EXPECT_EQ(diff.exitCode, 0) << diff.err;
    EXPECT_THAT(diff.out, HasSubstr("make Deployment shop-web"));
}

TEST(Cluster, WhoMayNotReadDeploymentsIsTold) {
    StubCluster cluster;
    cluster.answer(kShopPath, {{200, shop()}});
    cluster.answer(listPath("apps", "deployments"), {{403}});
    auto tree = cluster.run({"tree", "shop"});
    EXPECT_EQ(tree.exitCode, 1);
    EXPECT_THAT(tree.err, HasSubstr("403"));
}

// The operator writes its status between our look and our change.
TEST(Cluster, AZoneIsDrainedThoughTheStatusChangesMeanwhile) {
    StubCluster cluster;
    Json app = shop();
    app["spec"]["zones"] = {{{"name", "a"}}, {{"name", "b"}}};
    Json changed = app;
    changed["metadata"]["resourceVersion"] = "2";
    Json refused{{"kind", "Status"}, {"code", 409}, {"reason", "Conflict"}, {"message", "changed"}};
    cluster.answer(kShopPath, {{200, app}, {409, refused}, {200, changed}, {200, changed}});
    auto drained = cluster.run({"zone", "drain", "shop", "b"});
    EXPECT_EQ(drained.exitCode, 0) << drained.err;
    cluster.answer(kShopPath, {{200, app}, {409, refused}, {404}});
    auto gone = cluster.run({"zone", "drain", "shop", "b"});
    EXPECT_EQ(gone.exitCode, 1);
    EXPECT_THAT(gone.err, HasSubstr("no ScalableApp"));
}

TEST(Cluster, AManifestThatOnlyObservesIsSaidToChangeNothing) {
    StubCluster cluster;
    std::string observes = kManifest;
    observes.insert(observes.find("web:"), "management: Observe, ");
    for (const auto& args : std::vector<std::vector<std::string>>{{"plan", "--diff", "-f", "-"},
                                                                  {"plan", "-f", "-"}}) {
        auto result = cluster.run(args, observes);
        EXPECT_EQ(result.exitCode, 0) << result.err;
        EXPECT_EQ(result.err,
                  "shop: nothing is applied, because `management` is Observe: set it to Manage\n");
        EXPECT_EQ(cluster.run(args, kManifest).err, "");
    }
}

size_t countOf(const std::string& text, const std::string& part) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

TEST(Cluster, AWatchTellsWhatChangesAndWhyItSeesNothing) {
    auto changed = shop();
    changed["status"] = {{"stage", "Web"}};
    StubCluster cluster;
    cluster.answer(
        kShopPath,
        {{200, shop()}, {200, shop()}, {200, changed}, {503}, {503}, {200, changed}, {404}});
    auto watch = cluster.run({"status", "-w", "shop"});
    EXPECT_EQ(watch.exitCode, 1) << "it is gone";
    EXPECT_EQ(countOf(watch.out, "shop in ns:"), 3U) << watch.out;
    EXPECT_EQ(countOf(watch.out, "stage Web"), 2U) << "once more when it is seen again";
    EXPECT_EQ(countOf(watch.err, "503"), 1U) << watch.err;
    EXPECT_THAT(watch.err, HasSubstr("looking again"));
    EXPECT_THAT(watch.err, HasSubstr("no ScalableApp \"shop\" in namespace ns"));
}

}  // namespace
