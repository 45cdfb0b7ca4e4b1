// The small text tools of the kube layer: scanner, splitter, codecs, resource paths.
#include <gtest/gtest.h>

#include <vector>

#include "kube/encoding.h"
#include "kube/json_scan.h"
#include "kube/line_splitter.h"
#include "kube/resource.h"

namespace {

using Parts = std::vector<std::string>;

Parts fieldsOf(std::string_view text) {
    Parts out;
    const bool good = kube::scanObject(text, [&](std::string_view key, std::string_view value) {
        out.push_back(std::string(key) + "=" + std::string(value));
        return true;
    });
    return good ? out : Parts{"bad"};
}

Parts elementsOf(std::string_view text) {
    Parts out;
    const bool good = kube::scanArray(text, [&](std::string_view value) {
        out.emplace_back(value);
        return true;
    });
    return good ? out : Parts{"bad"};
}

TEST(JsonScan, FindsTheFieldsOfAnObject) {
    EXPECT_EQ(fieldsOf(R"( {"a":1 , "b":{"c":["}",{}]},"d":"x\"}","e":null} )"),
              (Parts{"a=1", R"(b={"c":["}",{}]})", R"(d="x\"}")", "e=null"}));
    EXPECT_EQ(fieldsOf("{}"), Parts{});
}

TEST(JsonScan, FindsTheElementsOfAnArray) {
    EXPECT_EQ(elementsOf(R"([ {"a":[1,2]}, "s,]", 3,[ ]])"),
              (Parts{R"({"a":[1,2]})", R"("s,]")", "3", "[ ]"}));
    EXPECT_EQ(elementsOf(" [ ] "), Parts{});
}

TEST(JsonScan, WhatIsCutOffIsBad) {
    for (const char* text : {"", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":\"x",
                             "{\"a\":{", "{\"a\":1}x", "[1]", "{a:1}", "{\"a\":\"\\"}) {
        EXPECT_EQ(fieldsOf(text), Parts{"bad"}) << text;
    }
    for (const char* text : {"", "[", "[1", "[1,", "[\"x", "{}", "[1]]"}) {
        EXPECT_EQ(elementsOf(text), Parts{"bad"}) << text;
    }
}

TEST(JsonScan, StopsWhenTold) {
    int seen = 0;
    EXPECT_FALSE(kube::scanArray("[1,2,3]", [&](std::string_view) { return ++seen < 2; }));
    EXPECT_EQ(seen, 2);
}

TEST(LineSplitter, CutsHoweverThePiecesLie) {
    const std::string text = "one\n\ntwo three\nfour\n";
    for (size_t piece = 1; piece <= text.size(); ++piece) {
        kube::LineSplitter splitter(100);
        Parts lines;
        for (size_t at = 0; at < text.size(); at += piece) {
            ASSERT_TRUE(splitter.feed(std::string_view(text).substr(at, piece),
                                      [&](std::string_view line) { lines.emplace_back(line); }));
        }
        EXPECT_EQ(lines, (Parts{"one", "two three", "four"})) << "in pieces of " << piece;
        EXPECT_FALSE(splitter.unfinished());
    }
}

TEST(LineSplitter, RefusesALineOverTheLimit) {
    auto none = [](std::string_view) {};
    kube::LineSplitter splitter(4);
    EXPECT_TRUE(splitter.feed("abcd\n", none));
    EXPECT_TRUE(splitter.feed("ab", none));
    EXPECT_TRUE(splitter.unfinished());
    EXPECT_TRUE(splitter.feed("cd", none));
    EXPECT_FALSE(splitter.feed("e", none));
    kube::LineSplitter atOnce(4);
    EXPECT_FALSE(atOnce.feed("abcde\n", none));
}

TEST(PercentEncode, LeavesOnlyWhatIsSafeInAQuery) {
    EXPECT_EQ(kube::percentEncode("app in (a,b),x!=y"), "app%20in%20%28a%2Cb%29%2Cx%21%3Dy");
    EXPECT_EQ(kube::percentEncode("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(kube::percentEncode("\xc3\xa9+/&"), "%C3%A9%2B%2F%26");
}

TEST(PercentDecode, GivesBackWhatWasEncoded) {
    for (const std::string& text : Parts{"", "a b", "%", "\xc3\xa9+/&", "100%25"}) {
        EXPECT_EQ(kube::percentDecode(kube::percentEncode(text)), text);
    }
    EXPECT_EQ(kube::percentDecode("%4"), "%4");
    EXPECT_EQ(kube::percentDecode("%zz%41"), "%zzA");
}

TEST(Base64, DecodesWhatItEncodes) {
    for (const std::string& text :
         Parts{"", "a", "ab", "abc", "abcd", std::string("\0\xff\n", 3)}) {
        EXPECT_EQ(kube::base64Decode(kube::base64Encode(text)), text);
    }
    EXPECT_EQ(kube::base64Decode("aGVs\n bG8="), "hello");
}

TEST(Base64, RefusesOtherText) {
    for (const char* text : {"a", "abc", "ab!=",
                             "===="
                             "a"}) {
        EXPECT_EQ(kube::base64Decode(text), std::nullopt) << text;
    }
}

TEST(WarningHeader, GivesTheTexts) {
    EXPECT_EQ(kube::warningTexts(R"(299 - "one", 299 - "two \"quoted\"")"),
              (Parts{"one", "two \"quoted\""}));
    EXPECT_EQ(kube::warningTexts("nonsense"), Parts{});
}

TEST(ResourceType, BuildsPaths) {
    const kube::ResourceType pods{"", "v1", "pods", "Pod", true};
    const kube::ResourceType deployments{"apps", "v1", "deployments", "Deployment", true};
    const kube::ResourceType nodes{"", "v1", "nodes", "Node", false};
    EXPECT_EQ(pods.collectionPath(""), "/api/v1/pods");
    EXPECT_EQ(pods.collectionPath("shop"), "/api/v1/namespaces/shop/pods");
    EXPECT_EQ(deployments.path({"shop", "web"}), "/apis/apps/v1/namespaces/shop/deployments/web");
    EXPECT_EQ(nodes.path({"", "n1"}), "/api/v1/nodes/n1");
    EXPECT_EQ(nodes.collectionPath("ignored"), "/api/v1/nodes");
    EXPECT_EQ(deployments.apiVersion(), "apps/v1");
    EXPECT_EQ(pods.apiVersion(), "v1");
}

TEST(ObjectKey, PrintsAndOrders) {
    EXPECT_EQ((kube::ObjectKey{"a", "b"}).str(), "a/b");
    EXPECT_EQ((kube::ObjectKey{"", "b"}).str(), "b");
    EXPECT_LT((kube::ObjectKey{"a", "z"}), (kube::ObjectKey{"b", "a"}));
}

}  // namespace
