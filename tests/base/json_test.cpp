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

TEST(ParseJson, OfTwoMembersWithOneNameTheLastCounts) {
    auto tree = base::parseJson(R"({"a":1,"b":2,"a":{"c":3}})");
    ASSERT_TRUE(tree.ok());
    EXPECT_EQ(base::dumpJson(*tree), R"({"a":{"c":3},"b":2})");
}

TEST(ParseJson, ReadsWhatTheTreesOwnParserReads) {
    std::string deep(1000, '[');
    deep += std::string(1000, ']');
    for (
        const std::string& text :
        {std::string(
             R"({"i":-7,"u":18446744073709551615,"d":1.5e-3,"e":1e3,"n":null,"t":true,"f":false})"),
         std::string(
             R"([[],{},[{"a":[1,{"b":"\u00e9\n\"x"}]}],"",0.1,-0.0,123456789012345678901234567890])"),
         std::string("[-0,-9223372036854775808,-9223372036854775809,18446744073709551616,"
                     "9007199254740993.0,"
                     "1.7976931348623157e308,5e-324,1e-400]"),
         std::string("[0e44,0e51,-0e51,0.0e300,0E-300,0e+0]"), std::string("\"text\""),
         std::string(" 5 "), deep}) {
        auto tree = base::parseJson(text);
        ASSERT_TRUE(tree.ok()) << text;
        auto expected = Json::parse(text);
        EXPECT_EQ(*tree, expected) << text;
        EXPECT_EQ(base::dumpJson(*tree), base::dumpJson(expected));
        auto checked = base::parseCheckedJson(text);
        ASSERT_TRUE(checked.ok()) << text;
        EXPECT_EQ(*checked, expected) << text;
    }
}

TEST(ParseJson, LeavesOutWhatTheOutlineSays) {
    const base::JsonOutline outline{"/spec/template", "/spec/containers/env", "/top", "/list/x/y"};
    auto tree = base::parseJson(
        R"({"top":[1,{"a":2}],"spec":{"template":{"deep":{"spec":1}},"containers":[{"name":"a","env":[{"n":1}]},)"
        R"({"env":null,"name":"b"}],"top":1},"list":[{"x":{"y":1,"z":2}}],"template":3})",
        &outline);
    ASSERT_TRUE(tree.ok()) << tree.error().message;
    EXPECT_EQ(
        base::dumpJson(*tree),
        R"({"spec":{"containers":[{"name":"a"},{"name":"b"}],"top":1},"list":[{"x":{"z":2}}],"template":3})");
}

TEST(Json, AGrowingObjectMovesItsMembers) {
    Json tree;
    tree["first"] = {{"deep", {1, 2, 3}}};
    const auto* before = &tree["first"]["deep"][0];
    for (int i = 0; i < 100; ++i) {
        tree["k" + std::to_string(i)] = i;
    }
    EXPECT_EQ(&tree["first"]["deep"][0], before);
    EXPECT_EQ(tree.begin().key(), "first");
    EXPECT_EQ(tree.erase("k50"), 1U);
    EXPECT_FALSE(tree.contains("k50"));
    EXPECT_EQ(tree["k51"], 51);
    EXPECT_EQ(tree.size(), 100U);
}

TEST(ParseJson, SaysThatTextIsNoJson) {
    for (const std::string& text :
         {std::string(), std::string("{"), std::string("{\"a\":}"), std::string("nul"),
          std::string("{} {}"), std::string("{}\0{}", 5), std::string("\"\xff\""),
          std::string("\xef{}"), std::string("\xef\xbb{}"), std::string("\xef\xbb\xbf{}"),
          std::string("1e400"), std::string("10e308"), std::string("-10e308")}) {
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
