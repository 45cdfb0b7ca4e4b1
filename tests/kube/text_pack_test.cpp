#include "kube/text_pack.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kube/object.h"

namespace {

using kube::PackedText;
using kube::TextPack;

std::string podText(int number, const std::string& padding = "") {
    auto name = "shop-" + std::to_string(number);
    return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name +
           R"(","namespace":"ns","uid":"u-)" + std::to_string(number * 7919) +
           R"(","labels":{"app.kubernetes.io/name":"shop","app.kubernetes.io/instance":")" + name +
           R"("}},"spec":{"containers":[{"name":"web","image":"shop:1","resources":{"limits":{"memory":"64Mi"}}}],)"
           R"("restartPolicy":"Always","note":")" +
           padding + R"("},"status":{"phase":"Running"}})";
}

TEST(TextPack, GivesBackWhatItTook) {
    TextPack pack;
    std::mt19937 random(7);
    std::vector<std::pair<std::string, PackedText>> all;
    for (int i = 0; i < 200; ++i) {
        std::string padding(random() % 5000, static_cast<char>('a' + random() % 26));
        auto text = i % 3 == 0 ? podText(i) : podText(i, padding);
        all.emplace_back(text, pack.pack(text));
    }
    for (const auto& [text, packed] : all) {
        EXPECT_EQ(packed.text(), text);
    }
}

TEST(TextPack, OfTextsLikeOthersLittleIsKept) {
    TextPack pack;
    pack.pack(podText(0));
    auto text = podText(12345);
    EXPECT_LT(pack.pack(text).size() * 4, text.size());
}

// Whichever comes first: a pod that carries its configuration in annotations is as long as that.
TEST(TextPack, AFirstTextOfAnyLengthIsTakenAndOthersAreToldByIt) {
    std::mt19937 random(3);
    for (size_t length : {16U << 10U, 17U << 10U, 200U << 10U, 1U << 20U, (1U << 20U) + 1}) {
        TextPack pack;
        std::string padding;
        while (padding.size() < length) {
            padding += static_cast<char>('a' + random() % 26);
        }
        auto first = podText(1, padding);
        EXPECT_EQ(pack.pack(first).text(), first) << length;
        auto second = podText(2);
        auto packed = pack.pack(second);
        EXPECT_EQ(packed.text(), second) << length;
        EXPECT_LT(packed.size() * 2, second.size()) << length;
    }
}

// A pod is first seen without a status: what comes later is learnt, too.
TEST(TextPack, LearnsWhatComesLater) {
    TextPack pack;
    pack.pack(podText(0));
    std::string other;
    std::mt19937 random(5);
    for (int i = 0; i < 600; ++i) {
        other += static_cast<char>('a' + random() % 26);
    }
    auto text = [&](int i) { return "{\"other\":\"" + other + std::to_string(i) + "\"}"; };
    const size_t first = pack.pack(text(0)).size();
    size_t last = first;
    for (int i = 1; i < 20; ++i) {
        last = pack.pack(text(i)).size();
    }
    EXPECT_LT(last * 4, first);
}

TEST(TextPack, WhatCannotBeMadeSmallIsKeptAsItIs) {
    TextPack pack;
    EXPECT_EQ(pack.pack("").text(), "");
    EXPECT_EQ(pack.pack("{}").text(), "{}");
    std::mt19937 random(3);
    std::string noise(3000, '\0');
    for (char& byte : noise) {
        byte = static_cast<char>(random());
    }
    pack.pack(podText(1));
    auto packed = pack.pack(noise);
    EXPECT_EQ(packed.text(), noise);
    EXPECT_LE(packed.size(), noise.size());
}

TEST(TextPack, TextsOutliveIt) {
    PackedText kept;
    {
        TextPack pack;
        pack.pack(podText(1));
        kept = pack.pack(podText(2));
    }
    EXPECT_EQ(kept.text(), podText(2));
}

TEST(TextPack, AnObjectReadsTheSameFromIt) {
    TextPack pack;
    for (int i = 0; i < 3; ++i) {
        auto plain = kube::Object::parse(podText(i));
        auto packed = kube::Object::parse(podText(i), "", "", &pack);
        ASSERT_TRUE(packed);
        EXPECT_EQ((*packed)->text(), (*plain)->text());
        EXPECT_EQ((*packed)->meta().labels, (*plain)->meta().labels);
    }
}

}  // namespace
