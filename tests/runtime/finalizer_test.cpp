#include "runtime/finalizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apiserver/server.h"
#include "runtime/objects.h"

namespace {

using testing::ElementsAre;

constexpr const char* kMine = "example.dev/mine";
constexpr const char* kTheirs = "example.dev/theirs";

class FinalizerTest : public testing::Test {
  protected:
    base::Json put(const std::vector<std::string>& finalizers) {
        auto pod = test::podJson("a");
        if (!finalizers.empty()) {
            pod["metadata"]["finalizers"] = finalizers;
        }
        server->put(test::kPods, pod);
        return *live();
    }
    std::optional<base::Json> live() { return server->find(test::kPods, {"ns", "a"}); }
    std::vector<std::string> names() { return runtime::finalizersOf(*live()).names; }

    std::shared_ptr<test::ApiServer> server = std::make_shared<test::ApiServer>();
    kube::Client client{server, {}};
};

TEST_F(FinalizerTest, IsSeenInTheAnswerAndOthersStay) {
    auto seen = runtime::finalizersOf(put({kTheirs}));
    EXPECT_FALSE(seen.has(kMine));
    auto added = runtime::addFinalizer(client, test::kPods, seen, kMine, {});
    ASSERT_TRUE(added) << added.error().str();
    seen = runtime::finalizersOf((*added)->json());
    EXPECT_TRUE(seen.has(kMine));
    EXPECT_THAT(names(), ElementsAre(kTheirs, kMine));
    ASSERT_TRUE(runtime::addFinalizer(client, test::kPods, seen, kMine, {}));
    EXPECT_THAT(names(), ElementsAre(kTheirs, kMine)) << "once is enough";
    ASSERT_TRUE(
        runtime::removeFinalizer(client, test::kPods, runtime::finalizersOf(*live()), kMine, {}));
    EXPECT_THAT(names(), ElementsAre(kTheirs));
}

TEST_F(FinalizerTest, HoldsADeletedObjectUntilItIsRemoved) {
    auto added =
        runtime::addFinalizer(client, test::kPods, runtime::finalizersOf(put({})), kMine, {});
    ASSERT_TRUE(added) << added.error().str();
    ASSERT_TRUE(client.remove(test::kPods, {"ns", "a"}, (*added)->meta().uid, {}));
    ASSERT_TRUE(live());
    auto seen = runtime::finalizersOf(*live());
    ASSERT_TRUE(runtime::removeFinalizer(client, test::kPods, seen, kMine, {}));
    EXPECT_FALSE(live());
}

// What was seen is not what is there: another's finalizer must not be lost.
TEST_F(FinalizerTest, AChangeMeanwhileIsAConflictAndNothingIsDone) {
    auto seen = runtime::finalizersOf(put({}));
    put({kTheirs});
    for (auto* change : {&runtime::addFinalizer, &runtime::removeFinalizer}) {
        auto refused = (*change)(client, test::kPods, seen, kMine, {});
        ASSERT_FALSE(refused);
        EXPECT_TRUE(refused.error().is(kube::ErrorKind::Conflict)) << refused.error().str();
    }
    EXPECT_THAT(names(), ElementsAre(kTheirs));
}

TEST_F(FinalizerTest, ASuccessorOfTheSameNameIsLeftAlone) {
    auto seen = runtime::finalizersOf(put({}));
    server->drop(test::kPods, {"ns", "a"});
    put({});
    auto refused = runtime::addFinalizer(client, test::kPods, seen, kMine, {});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(kube::ErrorKind::Conflict)) << refused.error().str();
    EXPECT_THAT(names(), ElementsAre());
}

TEST_F(FinalizerTest, WithoutAVersionNothingIsSent) {
    put({kTheirs});
    auto refused = runtime::addFinalizer(client, test::kPods,
                                         runtime::finalizersOf(test::podJson("a")), kMine, {});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(kube::ErrorKind::Malformed)) << refused.error().str();
    EXPECT_EQ(server->mutations(), 0U);
}

}  // namespace
