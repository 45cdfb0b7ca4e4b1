#include "base/json.h"

#include <gtest/gtest.h>

namespace {

using base::Json;

const Json kTree = Json::parse(R"({
    "spec": {"replicas": 3, "ratio": 1.5, "on": true, "name": "x", "none": null, "list": [10, {"k": "v"}]},
    "a/b": {"c~d": 7},
    "": 1
})");

TEST(JsonPointer, FindsMembersAndElements) {
    EXPECT_EQ(base::intAt(kTree, "/spec/replicas"), 3);
    EXPECT_EQ(base::stringAt(kTree, "/spec/name"), "x");
    EXPECT_EQ(base::boolAt(kTree, "/spec/on"), true);
    EXPECT_EQ(base::intAt(kTree, "/spec/list/0"), 10);
    EXPECT_EQ(base::stringAt(kTree, "/spec/list/1/k"), "v");
    EXPECT_EQ(base::at(kTree, ""), &kTree);
    EXPECT_EQ(base::intAt(kTree, "/"), 1) << "the empty name is a name";
}

TEST(JsonPointer, UnescapesSlashAndTilde) {
    EXPECT_EQ(base::intAt(kTree, "/a~1b/c~0d"), 7);
    EXPECT_EQ(base::at(kTree, "/a/b"), nullptr);
}

TEST(JsonPointer, AbsentNullAndOtherTypesAreNothing) {
    EXPECT_EQ(base::at(kTree, "/spec/none"), nullptr);
    EXPECT_EQ(base::at(kTree, "/spec/absent/deeper"), nullptr);
    EXPECT_EQ(base::at(kTree, "/spec/name/0"), nullptr);
    EXPECT_EQ(base::at(kTree, "/spec/list/2"), nullptr);
    EXPECT_EQ(base::at(kTree, "/spec/list/-1"), nullptr);
    EXPECT_EQ(base::at(kTree, "/spec/list/99999999999999999999"), nullptr);
    EXPECT_FALSE(base::intAt(kTree, "/spec/ratio").has_value()) << "1.5 is no integer";
    EXPECT_FALSE(base::stringAt(kTree, "/spec/replicas").has_value());
    EXPECT_FALSE(base::boolAt(kTree, "/spec/replicas").has_value());
    EXPECT_TRUE(base::arrayAt(kTree, "/spec/name").empty());
    EXPECT_EQ(base::arrayAt(kTree, "/spec/list").size(), 2U);
}

TEST(ParseJson, KeepsTheOrderOfKeys) {
    auto tree = base::parseJson(R"({"z":1,"a":{"y":2,"b":3}})");
    ASSERT_TRUE(tree.ok());
    EXPECT_EQ(base::dumpJson(*tree), R"({"z":1,"a":{"y":2,"b":3}})");
}

TEST(ParseJson, SaysThatTextIsNoJson) {
    for (const char* text : {"", "{", "{\"a\":}", "nul", "{} {}"}) {
        auto tree = base::parseJson(text);
        ASSERT_FALSE(tree.ok()) << text;
        EXPECT_NE(tree.error().message.find("not valid JSON"), std::string::npos);
    }
}

TEST(DumpJson, BytesThatAreNoTextDoNotThrow) {
    EXPECT_NE(base::dumpJson(Json("a\xff"
                                  "b"))
                  .find('b'),
              std::string::npos);
}

}  // namespace
