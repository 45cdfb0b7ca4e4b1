#include "runtime/relations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/objects.h"

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

kube::ObjectPtr childOf(const std::string& owner, const std::string& version) {
    auto json = test::pod("child", version);
    if (!owner.empty()) {
        json["metadata"]["ownerReferences"] = base::Json::array(
            {{{"apiVersion", "v1"}, {"kind", "Other"}, {"name", "x"}, {"uid", "1"}},
             {{"apiVersion", "v1"},
              {"kind", "Shop"},
              {"name", owner},
              {"uid", "2"},
              {"controller", true}}});
    }
    return kube::Object::fromJson(json);
}

class RelationTest : public testing::Test {
  protected:
    runtime::Informer::Handler make(runtime::Mapper mapper,
                                    const runtime::RelationOptions& options = {}) {
        return runtime::relation(std::move(mapper), options,
                                 [this](const kube::ObjectKey& key, auto pause, int priority) {
                                     heard.push_back(key.str() + " " +
                                                     std::to_string(pause.count()) + " " +
                                                     std::to_string(priority));
                                 });
    }
    std::vector<std::string> heard;
};

TEST_F(RelationTest, AnObjectConcernsItselfWhenItComesChangesAndGoes) {
    auto handler = make(runtime::itself());
    handler({nullptr, test::podPtr("a", "1")}, true);
    handler({test::podPtr("a", "1"), test::podPtr("a", "2")}, false);
    handler({test::podPtr("a", "2"), nullptr}, false);
    EXPECT_THAT(heard, ElementsAre("ns/a 0 -100", "ns/a 0 0", "ns/a 0 0"));
}

TEST_F(RelationTest, AChildThatChangesHandsConcernsBothOwners) {
    auto handler = make(runtime::controllingOwner("Shop"));
    handler({childOf("old", "1"), childOf("new", "2")}, false);
    EXPECT_THAT(heard, ElementsAre("ns/new 0 0", "ns/old 0 0"));
    heard.clear();
    handler({childOf("", "1"), childOf("", "2")}, false);
    EXPECT_THAT(heard, ElementsAre());
}

// The name it took is free then, for a child of who bears the owner's name now.
TEST_F(RelationTest, TheEndOfAPredecessorsChildConcernsTheSuccessor) {
    auto handler = make(runtime::controllingOwner("Shop"));
    handler({childOf("shop", "1"), nullptr}, false);
    EXPECT_THAT(heard, ElementsAre("ns/shop 0 0"));
}

TEST_F(RelationTest, TheFirstListMayConcernNobodyAndBurstsWait) {
    auto handler = make(
        [](const kube::Meta&) {
            return std::vector<kube::ObjectKey>{{"ns", "a"}, {"ns", ""}};
        },
        {.firstList = false, .burst = 100ms});
    handler({nullptr, test::podPtr("x", "1")}, true);
    EXPECT_THAT(heard, ElementsAre());
    handler({nullptr, test::podPtr("x", "1")}, false);
    EXPECT_THAT(heard, ElementsAre("ns/a 100 0"));
}

}  // namespace
