#include "kube/object.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace {

using kube::atLeast;
using kube::ErrorKind;
using kube::Object;

std::string textOf(std::string_view text) {
    auto object = Object::parse(text);
    return object ? (*object)->text() : "error: " + object.error().str();
}

TEST(Object, KeepsKeyOrderAndNumberTextExactly) {
    const std::string text =
        R"({"z":1.0,"a":1e3,"big":123456789012345678901234567890,"neg":-0.10,"zero":0,"s":"x","n":null,"b":[true,false,[],{}]})";
    EXPECT_EQ(textOf(text), text);
}

TEST(Object, IsMadeCompact) {
    EXPECT_EQ(textOf("  {\n \"a\" : [ 1 , 2 ] }\n"), R"({"a":[1,2]})");
}

TEST(Object, KeepsTextOfEveryKind) {
    EXPECT_EQ(textOf(R"({"a":"\u00e9\ud83d\ude00\n\"\\\/\u0001"})"),
              "{\"a\":\"\u00e9\U0001F600\\n\\\"\\\\/\\u0001\"}");
}

TEST(Object, ExtractsTheMetadata) {
    auto parsed = Object::parse(R"({
        "apiVersion":"apps/v1","kind":"Deployment","metadata":{
            "name":"web","namespace":"shop","uid":"u-1","resourceVersion":"42","generation":7,
            "deletionTimestamp":"2026-01-31T12:00:00Z",
            "labels":{"app":"shop","tier":"web"},
            "ownerReferences":[
                {"apiVersion":"v1","kind":"A","name":"a","uid":"ua","controller":true,"blockOwnerDeletion":true},
                {"apiVersion":"v1","kind":"B","name":"b","uid":"ub"}]},
        "spec":{"template":{"metadata":{"name":"other","labels":{"app":"inner"}}}}})");
    ASSERT_TRUE(parsed.ok()) << parsed.error().str();
    const auto& meta = (*parsed)->meta();
    EXPECT_EQ(meta.apiVersion, "apps/v1");
    EXPECT_EQ(meta.kind, "Deployment");
    EXPECT_EQ(meta.key, (kube::ObjectKey{"shop", "web"}));
    EXPECT_EQ(meta.uid, "u-1");
    EXPECT_EQ(meta.resourceVersion, "42");
    EXPECT_EQ(meta.generation, 7);
    EXPECT_TRUE(meta.deleting);
    EXPECT_EQ(meta.labels, (kube::Labels{{"app", "shop"}, {"tier", "web"}}));
    ASSERT_EQ(meta.owners.size(), 2U);
    EXPECT_EQ(meta.owners[0].uid, "ua");
    EXPECT_TRUE(meta.owners[0].controller);
    EXPECT_EQ(meta.owners[1].name, "b");
    EXPECT_FALSE(meta.owners[1].controller) << "blockOwnerDeletion is not controller";
}

TEST(Object, MetadataElsewhereIsNotTheObjects) {
    auto parsed = Object::parse(
        R"({"spec":{"metadata":{"name":"no","uid":"no"},"kind":"no"},"list":[{"metadata":{"name":"no"}}],"metadata":{"name":"yes"}})");
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ((*parsed)->meta().key.name, "yes");
    EXPECT_EQ((*parsed)->meta().uid, "");
    EXPECT_EQ((*parsed)->meta().kind, "");
}

TEST(Object, ANullDeletionTimestampIsNone) {
    auto parsed =
        Object::parse(R"({"metadata":{"name":"a","deletionTimestamp":null,"labels":null}})");
    ASSERT_TRUE(parsed.ok());
    EXPECT_FALSE((*parsed)->meta().deleting);
}

TEST(Object, DropsManagedFieldsAndTheLastAppliedAnnotation) {
    EXPECT_EQ(
        textOf(
            R"({"metadata":{"managedFields":[{"f":{"x":[1,{}]}}],"name":"a","annotations":{)"
            R"("kubectl.kubernetes.io/last-applied-configuration":"{\"a\":1}","keep":"me"}},"spec":{"managedFields":[1]}})"),
        R"({"metadata":{"name":"a","annotations":{"keep":"me"}},"spec":{"managedFields":[1]}})");
}

TEST(Object, DropsThemInAnyPlace) {
    EXPECT_EQ(textOf(R"({"metadata":{"name":"a","managedFields":null}})"),
              R"({"metadata":{"name":"a"}})");
    EXPECT_EQ(textOf(R"({"metadata":{"managedFields":[]},"kind":"K"})"),
              R"({"metadata":{},"kind":"K"})");
    EXPECT_EQ(textOf(R"({"data":{"kubectl.kubernetes.io/last-applied-configuration":"kept"}})"),
              R"({"data":{"kubectl.kubernetes.io/last-applied-configuration":"kept"}})");
}

TEST(Object, ListItemsGetTheirTypeUnlessTheyHaveOne) {
    auto item = Object::parse(R"({"metadata":{"name":"a"}})", "v1", "Pod");
    ASSERT_TRUE(item.ok());
    EXPECT_EQ((*item)->text(), R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}})");
    EXPECT_EQ((*item)->meta().kind, "Pod");
    auto typed = Object::parse(R"({"kind":"Status","apiVersion":"v1"})", "v2", "Pod");
    ASSERT_TRUE(typed.ok());
    EXPECT_EQ((*typed)->text(), R"({"kind":"Status","apiVersion":"v1"})");
    EXPECT_EQ((*typed)->meta().kind, "Status");
    EXPECT_EQ((*Object::parse("{}", "v1", "Pod"))->text(), R"({"apiVersion":"v1","kind":"Pod"})");
}

TEST(Object, RefusesWhatIsNoObject) {
    for (const char* text : {"", "null", "[]", "7", "\"x\"", "{", "{\"a\":}", "{} {}", "{\"a\":1,}",
                             "{\"a\":\"\xff\"}", "{\"a\":01}"}) {
        auto parsed = Object::parse(text);
        ASSERT_FALSE(parsed.ok()) << text;
        EXPECT_EQ(parsed.error().kind, ErrorKind::Malformed);
    }
}

TEST(Object, DeepNestingDoesNotExhaustTheStack) {
    const size_t depth = 200000;
    std::string text = "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
    EXPECT_EQ(textOf(text), text);
}

TEST(Object, JsonIsTheWholeTree) {
    auto parsed = Object::parse(R"({"metadata":{"name":"a"},"spec":{"replicas":3}})");
    EXPECT_EQ(base::intAt((*parsed)->json(), "/spec/replicas"), 3);
}

TEST(Object, FromJsonReadsTheMetadata) {
    base::Json tree = {{"kind", "Pod"}, {"metadata", {{"name", "p"}, {"namespace", "n"}}}};
    auto object = Object::fromJson(tree);
    EXPECT_EQ(object->meta().key.str(), "n/p");
    EXPECT_EQ(object->text(), R"({"kind":"Pod","metadata":{"name":"p","namespace":"n"}})");
    EXPECT_EQ(Object::fromJson(base::Json(7))->meta().key.name, "");
}

TEST(ResourceVersion, ComparesAsNumbersOfAnyLength) {
    EXPECT_TRUE(atLeast("10", "9"));
    EXPECT_FALSE(atLeast("9", "10"));
    EXPECT_TRUE(atLeast("10", "10"));
    EXPECT_TRUE(atLeast("340282366920938463463374607431768211456",
                        "340282366920938463463374607431768211455"));
    EXPECT_FALSE(atLeast("340282366920938463463374607431768211455",
                         "340282366920938463463374607431768211456"));
    EXPECT_TRUE(atLeast("18446744073709551616", "18446744073709551615"));
}

TEST(ResourceVersion, AnEmptyOneIsOlderThanEverything) {
    EXPECT_TRUE(atLeast("", ""));
    EXPECT_TRUE(atLeast("1", ""));
    EXPECT_FALSE(atLeast("", "1"));
}

TEST(ResourceVersion, IsDigitsWithoutALeadingZero) {
    for (const char* good : {"1", "10", "340282366920938463463374607431768211456"}) {
        EXPECT_TRUE(kube::isVersion(good)) << good;
    }
    for (const char* bad : {"", "0", "007", "v9", "-5", "+5", "1.0", "1 ", "0x1f"}) {
        EXPECT_FALSE(kube::isVersion(bad)) << bad;
    }
}

// One that cannot be compared must not get as far as a cache, where it would pass for old.
TEST(Object, WithAVersionThatIsNoneIsMalformed) {
    for (const char* bad : {"0", "007", "v9", "1.0"}) {
        auto parsed = Object::parse(base::dumpJson({{"metadata", {{"resourceVersion", bad}}}}));
        ASSERT_FALSE(parsed.ok()) << bad;
        EXPECT_EQ(parsed.error().kind, ErrorKind::Malformed);
        EXPECT_NE(parsed.error().message.find(bad), std::string::npos) << parsed.error().str();
    }
    EXPECT_TRUE(Object::parse(R"({"metadata":{"resourceVersion":""}})").ok()) << "an intent";
}

// The parser takes it for the end of the text, and what comes behind it is not looked at.
TEST(Object, AByteOfValueZeroIsNoEnd) {
    const std::string text(R"({"kind":"Pod"})"
                           "\0{",
                           16);
    auto parsed = Object::parse(text);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().kind, kube::ErrorKind::Malformed);
}

// A byte order mark, or its beginning: what finds objects in a list takes none either.
TEST(Object, BeginsWithItsBrace) {
    for (const char* mark : {"\xef", "\xef\xbb", "\xef\xbb\xbf"}) {
        EXPECT_FALSE(Object::parse(std::string(mark) + R"({"kind":"Pod"})").ok());
    }
}

}  // namespace
