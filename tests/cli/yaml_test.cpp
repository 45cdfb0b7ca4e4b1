#include "cli/yaml.h"

#include <gtest/gtest.h>

namespace {

using base::Json;

Json one(const std::string& text) {
    auto documents = cli::parseYaml(text);
    EXPECT_TRUE(documents) << (documents ? "" : documents.error().message);
    return documents && !documents->empty() ? documents->front().value : Json();
}

struct Scalar {
    const char* yaml;
    Json json;
};

// What kubectl makes of each: sigs.k8s.io/yaml's rules.
TEST(Yaml, ScalarsAreTypedAsKubectlDoes) {
    const std::vector<Scalar> table{
        {"a: 1", 1},
        {"a: -7", -7},
        {"a: +7", 7},
        {"a: 0x1F", 31},
        {"a: 0o17", 15},
        {"a: 0b101", 5},
        {"a: 017", 15},
        {"a: 1_000", 1000},
        {"a: 9223372036854775807", INT64_MAX},
        {"a: -9223372036854775808", INT64_MIN},
        {"a: 18446744073709551615", UINT64_MAX},
        {"a: 1.5", 1.5},
        {"a: -.5", -0.5},
        {"a: 1e3", 1000.0},
        {"a: true", true},
        {"a: yes", true},
        {"a: On", true},
        {"a: off", false},
        {"a: n", false},
        {"a: null", nullptr},
        {"a: ~", nullptr},
        {"a:", nullptr},
        {"a: '1'", "1"},
        {"a: \"yes\"", "yes"},
        {"a: ''", ""},
        {"a: \"\"", ""},
        {"a: !!str 1", "1"},
        {"a: 100m", "100m"},
        {"a: 1Gi", "1Gi"},
        {"a: 1.2.3", "1.2.3"},
        {"a: 08", 8.0},
        {"a: 2026-01-31", "2026-01-31"},
        {"a: 12:30:45", "12:30:45"},
        {"a: shop:1", "shop:1"},
        {"a: e3", "e3"},
        {"a: 0x", "0x"},
        {"a: yes please", "yes please"},
        {"a: |\n  1\n", "1\n"},
        {"a: >-\n  one\n  two\n", "one two"},
    };
    for (const auto& row : table) {
        EXPECT_EQ(one(row.yaml)["a"], row.json) << row.yaml;
    }
}

TEST(Yaml, KeysAreText) {
    EXPECT_EQ(one("8080: a\ntrue: b\n'1': c\n"), (Json{{"8080", "a"}, {"true", "b"}, {"1", "c"}}));
}

TEST(Yaml, JsonIsYamlToo) {
    EXPECT_EQ(one("\n{\"a\": [1, \"2\", null]}\n"), (Json{{"a", {1, "2", nullptr}}}));
    EXPECT_EQ(one("{a: [1, two]}"), (Json{{"a", {1, "two"}}}));
}

TEST(Yaml, DocumentsComeInOrderAndEmptyOnesAreLeftOut) {
    auto documents = cli::parseYaml("---\n# nothing\n---\na: 1\n---\n\n---\nb: 2\n");
    ASSERT_TRUE(documents);
    ASSERT_EQ(documents->size(), 2U);
    EXPECT_EQ(documents->at(0).value, (Json{{"a", 1}}));
    EXPECT_EQ(documents->at(1).value, (Json{{"b", 2}}));
}

TEST(Yaml, AnchorsAndMergeKeys) {
    EXPECT_EQ(one("x: &x {a: 1, b: 2}\nz: {<<: *x, b: 3}\n")["z"], (Json{{"b", 3}, {"a", 1}}));
}

TEST(Yaml, LinesOfFields) {
    auto documents =
        cli::parseYaml("a: 1\n---\nspec:\n  web:\n    image: x\n    env:\n    - name: A\n");
    ASSERT_TRUE(documents);
    const auto& second = documents->at(1);
    EXPECT_EQ(second.lineOf("spec.web.image"), 5);
    EXPECT_EQ(second.lineOf("spec.web.env[0].name"), 7);
    // What is missing is reported where it would have to be.
    EXPECT_EQ(second.lineOf("spec.web.port"), second.lineOf("spec.web"));
    EXPECT_EQ(second.lineOf("spec.web.env[4]"), second.lineOf("spec.web.env"));
    EXPECT_EQ(second.lineOf("nothing"), second.line);
}

TEST(Yaml, BadTextNamesItsLine) {
    for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
             {"a: 1\nb: [1, 2\n", "line 3: "},
             {"a: 1\na: 2\n", "line 2: the key \"a\" is given twice"},
             {"a:\n  b: 1\n c: 2\n", "line 3: "},
             {"? [x]\n: 1\n", "line 1: a key has to be a plain word"},
             {"a: !!binary aGk=\n", "line 1: the tag "},
             {"a: .inf\n", "line 1: JSON has no number \".inf\""},
             {"x: *nowhere\n", "line 1: "}}) {
        auto documents = cli::parseYaml(text);
        ASSERT_FALSE(documents) << text;
        EXPECT_EQ(documents.error().message.substr(0, expected.size()), expected);
        EXPECT_EQ(documents.error().message.find('\n'), std::string::npos);
    }
}

TEST(Yaml, AliasesDoNotExplode) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        auto below = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 10; ++j) {
            bomb += (j == 0 ? "" : ", ") + below;
        }
        bomb += "]\n";
    }
    auto documents = cli::parseYaml(bomb);
    ASSERT_FALSE(documents);
    EXPECT_NE(documents.error().message.find("more than 100000 values"), std::string::npos);
}

TEST(Yaml, WhatIsWrittenReadsBackTheSame) {
    for (const Json& value : std::vector<Json>{
             "",
             "1",
             "yes",
             "~",
             "0x1F",
             "1e3",
             " led",
             "trailed ",
             "- x",
             "a: b",
             "#x",
             "x #y",
             "{{ .a }}",
             "*a",
             "&a",
             "!a",
             "%a",
             "@a",
             "`a",
             "'a'",
             "\"a\"",
             "a\nb\n",
             "a\nb",
             "\na\n",
             "  a\n b\n",
             "a\n\n\n",
             "\n",
             "\t",
             "tab\tin",
             "back\\slash",
             "\u00fc\u4e16",
             "\x01",
             "a\r\nb\n",
             "<<",
             "=",
             "---",
             "null",
             nullptr,
             true,
             false,
             0,
             -1,
             INT64_MAX,
             1.5,
             1e300,
             Json::object(),
             Json::array(),
             Json{{"a", Json::object()}, {"b", Json::array()}, {"on", {1, {{"c", "d"}}}}},
             Json{{"1", "x"}, {"", "y"}, {"k: v", "z"}}}) {
        Json document{{"v", value}, {"l", {value, {{"w", value}}}}};
        EXPECT_EQ(one(cli::toYaml(document)), document) << cli::toYaml(document);
    }
}

TEST(Yaml, IsWrittenAsPeopleWriteIt) {
    EXPECT_EQ(cli::toYaml(Json{{"kind", "Service"},
                               {"spec", {{"ports", {{{"port", 80}}}}, {"none", Json::object()}}},
                               {"text", "a\nb\n"},
                               {"flag", "on"}}),
              "kind: Service\n"
              "spec:\n"
              "  ports:\n"
              "  - port: 80\n"
              "  none: {}\n"
              "text: |\n"
              "  a\n"
              "  b\n"
              "flag: \"on\"\n");
}

}  // namespace
