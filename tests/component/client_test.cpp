// The promises of kube/client.h, kept by a real API server.
#include <vector>

#include "component/server.h"

namespace {

using component::kConfigMaps;
using component::kDeployments;

class Client : public component::ServerTest {};

TEST_F(Client, AppliesListsAndDeletes) {
    auto first = client().apply(kConfigMaps, configMap("a", "1"), stop());
    ASSERT_TRUE(first) << first.error().str();
    EXPECT_EQ((*first)->meta().key, key("a"));

    // The same intent again changes nothing: not even the version.
    auto again = client().apply(kConfigMaps, configMap("a", "1"), stop());
    ASSERT_TRUE(again) << again.error().str();
    EXPECT_EQ((*again)->meta().resourceVersion, (*first)->meta().resourceVersion);

    auto changed = client().apply(kConfigMaps, configMap("a", "2"), stop());
    ASSERT_TRUE(changed) << changed.error().str();
    EXPECT_TRUE(
        kube::atLeast((*changed)->meta().resourceVersion, (*first)->meta().resourceVersion));
    EXPECT_EQ((*changed)->text().find("managedFields"), std::string::npos);

    kube::ListOptions options;
    options.namespace_ = ns();
    options.labelSelector = "suite=component";
    auto page = client().list(kConfigMaps, options, stop());
    ASSERT_TRUE(page) << page.error().str();
    ASSERT_EQ(page->items.size(), 1U);
    EXPECT_EQ(base::stringAt(page->items[0]->json(), "/data/value"), "2");
    EXPECT_EQ(page->items[0]->meta().kind, "ConfigMap");

    ASSERT_TRUE(client().remove(kConfigMaps, key("a"), (*first)->meta().uid, stop()));
    auto gone = client().get(kConfigMaps, key("a"), stop());
    ASSERT_FALSE(gone);
    EXPECT_TRUE(gone.error().is(kube::ErrorKind::NotFound)) << gone.error().str();
}

TEST_F(Client, PagesThroughALongList) {
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(client().create(kConfigMaps, configMap("m" + std::to_string(i), "x"), stop()));
    }
    kube::ListOptions options;
    options.namespace_ = ns();
    options.labelSelector = "suite=component";
    options.limit = 2;
    size_t seen = 0;
    int pages = 0;
    do {
        auto page = client().list(kConfigMaps, options, stop());
        ASSERT_TRUE(page) << page.error().str();
        seen += page->items.size();
        ++pages;
        options.continueToken = page->continueToken;
    } while (!options.continueToken.empty() && pages < 10);
    EXPECT_EQ(seen, 5U);
    EXPECT_EQ(pages, 3);
}

TEST_F(Client, NeverDeletesASuccessor) {
    auto old = client().create(kConfigMaps, configMap("a", "1"), stop());
    ASSERT_TRUE(old) << old.error().str();
    ASSERT_TRUE(client().remove(kConfigMaps, key("a"), (*old)->meta().uid, stop()));
    ASSERT_TRUE(client().create(kConfigMaps, configMap("a", "2"), stop()));
    auto refused = client().remove(kConfigMaps, key("a"), (*old)->meta().uid, stop());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(kube::ErrorKind::Conflict)) << refused.error().str();
    EXPECT_TRUE(client().get(kConfigMaps, key("a"), stop()));
}

TEST_F(Client, ErrorsSayWhatTheServerSays) {
    ASSERT_TRUE(client().create(kConfigMaps, configMap("a", "1"), stop()));
    auto twice = client().create(kConfigMaps, configMap("a", "1"), stop());
    ASSERT_FALSE(twice);
    EXPECT_TRUE(twice.error().is(kube::ErrorKind::AlreadyExists)) << twice.error().str();

    base::Json stale = configMap("a", "3");
    stale["metadata"]["resourceVersion"] = "1";
    auto conflict = client().update(kConfigMaps, stale, stop());
    ASSERT_FALSE(conflict);
    EXPECT_TRUE(conflict.error().is(kube::ErrorKind::Conflict)) << conflict.error().str();

    base::Json bad = {{"apiVersion", "apps/v1"},
                      {"kind", "Deployment"},
                      {"metadata", {{"name", "d"}, {"namespace", ns()}}},
                      {"spec",
                       {{"selector", {{"matchLabels", {{"a", "b"}}}}},
                        {"template", {{"metadata", {{"labels", {{"a", "c"}}}}}}}}}};
    auto invalid = client().create(kDeployments, bad, stop());
    ASSERT_FALSE(invalid);
    EXPECT_TRUE(invalid.error().is(kube::ErrorKind::Invalid)) << invalid.error().str();
    EXPECT_FALSE(invalid.error().causes.empty());

    // A misspelt field is refused, not dropped in silence.
    base::Json misspelt = configMap("b", "1");
    misspelt["dataa"] = {{"k", "v"}};
    auto strict = client().apply(kConfigMaps, misspelt, stop());
    ASSERT_FALSE(strict);
    EXPECT_NE(strict.error().message.find("dataa"), std::string::npos) << strict.error().str();
}

TEST_F(Client, WithoutTheLeaseNothingIsSent) {
    auto follower = makeClient(
        {.fieldManager = "component-test", .mayWrite = [] { return false; }, .observe = {}});
    auto refused = follower->apply(kConfigMaps, configMap("a", "1"), stop());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(kube::ErrorKind::NotLeader));
    EXPECT_FALSE(client().get(kConfigMaps, key("a"), stop()));
}

TEST_F(Client, WatchStreamsChangesAndEndsWhenAsked) {
    std::stop_source source;
    std::vector<std::string> lines;
    kube::WatchOptions options;
    options.namespace_ = ns();
    options.labelSelector = "suite=component";
    options.sendInitialEvents = true;
    bool wrote = false;
    auto ended = client().watch(
        kConfigMaps, options,
        [&](std::string_view line) {
            lines.emplace_back(line);
            if (!wrote && line.find("initial-events-end") != std::string_view::npos) {
                wrote = true;
                EXPECT_TRUE(client().create(kConfigMaps, configMap("late", "1"), stop()));
            }
            if (line.find("\"late\"") != std::string_view::npos) {
                source.request_stop();
            }
        },
        source.get_token());
    EXPECT_TRUE(wrote);
    ASSERT_GE(lines.size(), 2U);
    EXPECT_NE(lines.back().find("\"ADDED\""), std::string::npos);
    EXPECT_TRUE(source.stop_requested());
}

}  // namespace
