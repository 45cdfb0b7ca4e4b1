// The cache follows a real API server: first content, changes, deletions.
#include <atomic>

#include "component/server.h"
#include "runtime/informer.h"
#include "runtime/metrics.h"

namespace {

using component::eventually;
using component::kConfigMaps;

class Informer : public component::ServerTest {};

TEST_F(Informer, StoreFollowsTheServer) {
    ASSERT_TRUE(client().create(kConfigMaps, configMap("before", "1"), stop()));
    runtime::Metrics metrics;
    runtime::InformerOptions options;
    options.type = kConfigMaps;
    options.namespace_ = ns();
    options.labelSelector = "suite=component";
    runtime::Informer informer(client(), options, base::systemClock(), metrics);
    std::atomic<int> initial{0};
    std::atomic<int> later{0};
    informer.onChange(
        [&](const runtime::Store::Change&, bool first) { ++(first ? initial : later); });
    informer.start();
    ASSERT_TRUE(eventually([&] { return informer.store().synced(); }));
    EXPECT_EQ(initial, 1);

    auto changed = client().apply(kConfigMaps, configMap("before", "2"), stop());
    ASSERT_TRUE(changed) << changed.error().str();
    auto added = client().create(kConfigMaps, configMap("after", "1"), stop());
    ASSERT_TRUE(added) << added.error().str();
    ASSERT_TRUE(eventually([&] { return informer.store().get(key("after")) != nullptr; }));
    EXPECT_TRUE(
        kube::atLeast(informer.store().resourceVersion(), (*added)->meta().resourceVersion));
    EXPECT_EQ(base::stringAt(informer.store().get(key("before"))->json(), "/data/value"), "2");

    ASSERT_TRUE(client().remove(kConfigMaps, key("before"), (*changed)->meta().uid, stop()));
    EXPECT_TRUE(eventually([&] { return informer.store().get(key("before")) == nullptr; }));
    EXPECT_GE(later, 3);
    informer.stop();
}

}  // namespace
