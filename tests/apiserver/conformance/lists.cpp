// Lists: selectors, pages, versions.
#include <gmock/gmock.h>

#include "apiserver/conformance/suite.h"

namespace conformance {
namespace {

using base::Json;
using testing::ElementsAre;

void fill(Subject& s) {
    s.create(kMaps, s.map("a", "1", {{"suite", "x"}, {"app", "shop"}}));
    s.create(kMaps, s.map("b", "1", {{"suite", "x"}, {"app", "blog"}}));
    s.create(kMaps, s.map("c", "1", {{"suite", "x"}}));
}

void listsAreSelected(Subject& s) {
    fill(s);
    auto chosen = [&](const std::string& query) { return names(s.list(kMaps, query)); };
    EXPECT_THAT(chosen("labelSelector=suite%3Dx"), ElementsAre("a", "b", "c"));
    EXPECT_THAT(chosen("labelSelector=app%3Dshop,suite%3Dx"), ElementsAre("a"));
    EXPECT_THAT(chosen("labelSelector=suite,app%21%3Dshop"), ElementsAre("b", "c"));
    EXPECT_THAT(chosen("labelSelector=app+in+%28blog,x%29"), ElementsAre("b"));
    EXPECT_THAT(chosen("labelSelector=suite,app+notin+%28blog%29"), ElementsAre("a", "c"));
    EXPECT_THAT(chosen("labelSelector=suite,%21app"), ElementsAre("c"));
    EXPECT_THAT(chosen("fieldSelector=metadata.name%3Db"), ElementsAre("b"));
}

void listsSayWhatTheyAre(Subject& s) {
    fill(s);
    auto list = s.list(kMaps, "labelSelector=suite");
    EXPECT_EQ(list.status, 200);
    EXPECT_EQ(list.text("/kind"), "ConfigMapList");
    EXPECT_EQ(list.text("/apiVersion"), "v1");
    EXPECT_EQ(base::at(list.body, "/items/0/kind"), nullptr);
    EXPECT_GE(std::stoull(list.version()), std::stoull(s.get(kMaps, "c").version()));
}

void pagesShowOneMoment(Subject& s) {
    fill(s);
    auto first = s.list(kMaps, "limit=2&labelSelector=suite");
    EXPECT_THAT(names(first), ElementsAre("a", "b"));
    auto token = first.text("/metadata/continue");
    ASSERT_FALSE(token.empty());
    s.create(kMaps, s.map("d", "1", {{"suite", "x"}}));
    s.merge(kMaps, "c", {{"data", {{"value", "2"}}}});
    auto second = s.list(kMaps, "limit=2&labelSelector=suite&continue=" + token);
    EXPECT_THAT(names(second), ElementsAre("c"));
    EXPECT_EQ(base::stringAt(second.body, "/items/0/data/value"), "1");
    EXPECT_EQ(second.version(), first.version());
    EXPECT_EQ(second.text("/metadata/continue"), "");
}

void pagesCountTheRest(Subject& s) {
    for (const char* name : {"a", "b", "c"}) {
        s.create(kServices, s.service(name));
    }
    auto first = s.list(kServices, "limit=1");
    EXPECT_EQ(base::intAt(first.body, "/metadata/remainingItemCount"), 2);
}

void listsOfAVersion(Subject& s) {
    fill(s);
    auto before = s.version();
    s.merge(kMaps, "a", {{"data", {{"value", "2"}}}});
    auto value = [](const Answer& list) {
        return base::stringAt(list.body, "/items/0/data/value").value_or("");
    };
    auto exact = s.list(
        kMaps, "labelSelector=app%3Dshop&resourceVersionMatch=Exact&resourceVersion=" + before);
    EXPECT_EQ(value(exact), "1") << exact.body;
    EXPECT_EQ(exact.version(), before);
    auto newer = s.list(kMaps,
                        "labelSelector=app%3Dshop&resourceVersionMatch=NotOlderThan&"
                        "resourceVersion=" +
                            s.get(kMaps, "a").version());
    EXPECT_EQ(value(newer), "2");
    EXPECT_EQ(s.list(kMaps, "resourceVersion=0").status, 200);
}

void aVersionThatIsNotYetThere(Subject& s) {
    auto list = s.list(kMaps, "resourceVersion=999999999999");
    EXPECT_EQ(list.status, 504);
    EXPECT_EQ(list.text("/reason"), "Timeout");
    EXPECT_EQ(list.text("/details/causes/0/reason"), "ResourceVersionTooLarge");
    EXPECT_EQ(list.retryAfter, "1");
}

void listOptionsThatDoNotFit(Subject& s) {
    fill(s);
    EXPECT_EQ(s.list(kMaps, "resourceVersionMatch=Exact").status, 422);
    EXPECT_EQ(s.list(kMaps, "resourceVersionMatch=Exact&resourceVersion=0").status, 422);
    EXPECT_EQ(s.list(kMaps, "sendInitialEvents=true").status, 422);
    EXPECT_EQ(s.list(kMaps, "continue=nonsense").status, 400);
    auto token = s.list(kMaps, "limit=1").text("/metadata/continue");
    EXPECT_EQ(s.list(kMaps, "limit=1&resourceVersion=5&continue=" + token).status, 400);
}

void anExpiredPageSaysWhereToGoOn(Subject& s) {
    if (!s.compact) {
        GTEST_SKIP() << "nobody but the store itself can make this server forget so soon";
    }
    fill(s);
    auto token = s.list(kMaps, "limit=1&labelSelector=suite").text("/metadata/continue");
    s.compact();
    auto expired = s.list(kMaps, "limit=1&labelSelector=suite&continue=" + token);
    EXPECT_EQ(expired.status, 410);
    EXPECT_EQ(expired.text("/reason"), "Expired");
    auto fresh = expired.text("/metadata/continue");
    EXPECT_THAT(names(s.list(kMaps, "labelSelector=suite&continue=" + fresh)),
                ElementsAre("b", "c"));
}

}  // namespace

std::vector<Case> listCases() {
    return {{"ListsAreSelected", listsAreSelected},
            {"ListsSayWhatTheyAre", listsSayWhatTheyAre},
            {"PagesShowOneMoment", pagesShowOneMoment},
            {"PagesCountTheRest", pagesCountTheRest},
            {"ListsOfAVersion", listsOfAVersion},
            {"AVersionThatIsNotYetThere", aVersionThatIsNotYetThere},
            {"ListOptionsThatDoNotFit", listOptionsThatDoNotFit},
            {"AnExpiredPageSaysWhereToGoOn", anExpiredPageSaysWhereToGoOn}};
}

}  // namespace conformance
