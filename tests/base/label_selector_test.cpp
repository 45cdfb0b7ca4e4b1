#include "base/label_selector.h"

#include <gtest/gtest.h>

#include <random>

#include "base/json.h"

namespace {

using base::LabelSelector;
using Labels = LabelSelector::Labels;

std::string printed(const std::string& text) {
    auto selector = LabelSelector::parse(text);
    return selector ? selector->str() : "error: " + selector.error().message;
}

bool matches(const std::string& text, const Labels& labels) {
    auto selector = LabelSelector::parse(text);
    EXPECT_TRUE(selector) << selector.error().message;
    return selector && selector->matches(labels);
}

std::string objectOf(const std::string& text) {
    auto object = LabelSelector::parse(text)->json();
    return object ? base::dumpJson(*object) : object.error().message;
}

TEST(LabelSelector, PrintsSortedAndWithoutWhatSaysNothing) {
    EXPECT_EQ(printed(""), "");
    EXPECT_EQ(printed("  "), "");
    EXPECT_EQ(printed("b=2,a=1"), "a=1,b=2");
    EXPECT_EQ(printed(" a == 1 , b != 2 "), "a=1,b!=2");
    EXPECT_EQ(printed("a in (z,  y,z)"), "a in (y,z)");
    EXPECT_EQ(printed("a in (z)"), "a=z");
    EXPECT_EQ(printed("a notin (z)"), "a!=z");
    EXPECT_EQ(printed("!a,b"), "!a,b");
    EXPECT_EQ(printed("! a"), "!a");
    EXPECT_EQ(printed("a>5,b<-7"), "a>5,b<-7");
    EXPECT_EQ(printed("a=1,a=1"), "a=1");
    EXPECT_EQ(printed("a="), "a=");
    EXPECT_EQ(printed("a in (,x)"), "a in (,x)");
    EXPECT_EQ(printed("app.kubernetes.io/name=shop"), "app.kubernetes.io/name=shop");
    EXPECT_EQ(printed("in in (in),notin notin (notin)"), "in=in,notin!=notin");
}

TEST(LabelSelector, MatchesByEveryOperator) {
    const Labels shop{{"app", "shop"}, {"tier", "web"}, {"shard", "7"}};
    struct Case {
        const char* text;
        bool matches;
    };
    for (const Case& c : {
             Case{"", true},
             Case{"app=shop", true},
             Case{"app=other", false},
             Case{"app=shop,tier=web", true},
             Case{"app=shop,tier=db", false},
             Case{"zone=", false},
             Case{"app!=other", true},
             Case{"app!=shop", false},
             Case{"zone!=a", true},
             Case{"tier in (web,db)", true},
             Case{"tier in (cache,db)", false},
             Case{"zone in (a)", false},
             Case{"tier notin (cache,db)", true},
             Case{"tier notin (web,db)", false},
             Case{"zone notin (a,b)", true},
             Case{"app", true},
             Case{"zone", false},
             Case{"!zone", true},
             Case{"!app", false},
             Case{"shard>6", true},
             Case{"shard>7", false},
             Case{"shard<8", true},
             Case{"shard<7", false},
             Case{"app>1", false},
             Case{"zone<1", false},
         }) {
        EXPECT_EQ(matches(c.text, shop), c.matches) << c.text;
    }
}

TEST(LabelSelector, MistakesAreNamedWithTheirPlace) {
    EXPECT_EQ(printed("a=b,,c"), "error: label selector \"a=b,,c\": at byte 4: want a label's key");
    EXPECT_EQ(printed("a b"),
              "error: label selector \"a b\": at byte 3: want =, !=, in, notin, > or <");
    EXPECT_EQ(printed("a in b"), "error: label selector \"a in b\": at byte 5: want (");
    EXPECT_EQ(printed("a in (b"),
              "error: label selector \"a in (b\": at byte 7: want a comma or )");
    EXPECT_EQ(printed("a=b c"), "error: label selector \"a=b c\": at byte 4: want a comma");
    EXPECT_EQ(printed("-a"), "error: \"-a\" cannot be a label's key: want NAME or DOMAIN/NAME");
    EXPECT_EQ(printed("a>b"), "error: label \"a\": \"b\" is no integer to compare with");
    EXPECT_EQ(
        printed("a=_b"),
        "error: label \"a\": \"_b\" cannot be a label's value: at most 63 letters, digits, '-', "
        "'_' and '.'");
    for (const std::string& text :
         {std::string(","), std::string("a,"), std::string("!"), std::string("!a=b"),
          std::string("a=b=c"), std::string("a in ()b"), std::string("a in (b)("),
          std::string("UP.case/x"), std::string("a/b/c"), std::string("/a"), std::string("a/"),
          std::string("a..b/c"), std::string("a.-b/c"), std::string("a>"),
          std::string("x=") + std::string(64, 'a'), std::string(64, 'k'),
          std::string("caf\xc3\xa9")}) {
        EXPECT_FALSE(LabelSelector::parse(text)) << text;
    }
    EXPECT_TRUE(LabelSelector::parse(std::string(63, 'k') + "=" + std::string(63, 'a')));
}

TEST(LabelSelector, ReadsTheObjectOfASpec) {
    auto object = base::parseJson(R"({"matchLabels":{"app":"shop","tier":"web"},"matchExpressions":[
        {"key":"zone","operator":"In","values":["b","a"]},
        {"key":"canary","operator":"DoesNotExist"},
        {"key":"x","operator":"NotIn","values":["1"]},
        {"key":"y","operator":"Exists","values":[]}]})");
    auto selector = LabelSelector::fromJson(*object);
    ASSERT_TRUE(selector) << selector.error().message;
    EXPECT_EQ(selector->str(), "app=shop,!canary,tier=web,x!=1,y,zone in (a,b)");
    EXPECT_EQ(LabelSelector::fromJson(base::Json::object())->str(), "");
    EXPECT_TRUE(LabelSelector::fromJson(base::Json::object())->matches({{"a", "b"}}));
}

TEST(LabelSelector, MistakesOfAnObjectNameTheField) {
    auto error = [](const char* text) {
        auto selector = LabelSelector::fromJson(*base::parseJson(text));
        return selector ? "no error" : selector.error().message;
    };
    EXPECT_EQ(error("7"), "label selector: want an object with matchLabels and matchExpressions");
    EXPECT_EQ(error(R"({"matchLabels":[1]})"), "matchLabels: want a map");
    EXPECT_EQ(error(R"({"matchLabels":{"a":1}})"), "matchLabels.a: want a string");
    EXPECT_EQ(error(R"({"matchExpressions":{}})"), "matchExpressions: want a list");
    EXPECT_EQ(error(R"({"matchExpressions":[{"operator":"In"}]})"),
              "matchExpressions[0].key: is missing: name the label");
    EXPECT_EQ(error(R"({"matchExpressions":[{"key":"a","operator":"Gt","values":["1"]}]})"),
              "matchExpressions[0].operator: \"Gt\": want In, NotIn, Exists or DoesNotExist");
    EXPECT_EQ(error(R"({"matchExpressions":[{"key":"a","operator":"In"}]})"),
              "label \"a\": want at least one value");
    EXPECT_EQ(error(R"({"matchExpressions":[{"key":"a","operator":"Exists","values":["1"]}]})"),
              "label \"a\": Exists and DoesNotExist take no values");
    EXPECT_EQ(error(R"({"matchExpressions":[{"key":"a","operator":"In","values":[1]}]})"),
              "matchExpressions[0].values: want strings only");
}

TEST(LabelSelector, WritesTheObjectOfASpec) {
    EXPECT_EQ(objectOf(""), "{}");
    EXPECT_EQ(objectOf("b=2,a=1"), R"({"matchLabels":{"a":"1","b":"2"}})");
    EXPECT_EQ(objectOf("a in (x,y),!b,c,d!=e"),
              R"({"matchExpressions":[{"key":"a","operator":"In","values":["x","y"]},)"
              R"({"key":"b","operator":"DoesNotExist"},{"key":"c","operator":"Exists"},)"
              R"({"key":"d","operator":"NotIn","values":["e"]}]})");
    EXPECT_EQ(
        objectOf("a=1,a=2"),
        R"({"matchLabels":{"a":"1"},"matchExpressions":[{"key":"a","operator":"In","values":["2"]}]})");
    EXPECT_EQ(objectOf("a>5"), "label \"a\": > and < have no object form");
}

LabelSelector anySelector(std::mt19937& random) {
    auto below = [&](unsigned most) {
        return std::uniform_int_distribution<unsigned>(0, most)(random);
    };
    auto word = [&] { return std::string(1, static_cast<char>('a' + below(3))); };
    std::string text;
    for (unsigned i = 0, n = below(4); i < n; ++i) {
        const std::string key = (below(1) == 0 ? "example.com/" : "") + word();
        const std::string forms[] = {key + "=" + word(),
                                     key + "!=" + word(),
                                     key,
                                     "!" + key,
                                     key + " in (" + word() + "," + word() + ",)",
                                     key + " notin (" + word() + ", " + word() + ")",
                                     key + ">" + std::to_string(below(9)),
                                     key + "<" + std::to_string(below(9))};
        text += (text.empty() ? "" : " , ") + forms[below(7)];
    }
    auto selector = LabelSelector::parse(text);
    EXPECT_TRUE(selector) << text << ": " << selector.error().message;
    return selector.valueOr({});
}

TEST(LabelSelectorProperty, BothFormsGiveTheSelectorBack) {
    std::mt19937 random(20260131);
    int objects = 0;
    for (int i = 0; i < 5000; ++i) {
        const auto selector = anySelector(random);
        auto text = LabelSelector::parse(selector.str());
        ASSERT_TRUE(text) << selector.str();
        EXPECT_EQ(*text, selector) << selector.str();
        EXPECT_EQ(text->str(), selector.str());
        if (auto object = selector.json()) {
            ++objects;
            auto again = LabelSelector::fromJson(*object);
            ASSERT_TRUE(again) << base::dumpJson(*object);
            EXPECT_EQ(*again, selector) << selector.str();
        }
    }
    EXPECT_GT(objects, 1000);
}

TEST(LabelSelectorProperty, MoreRequirementsNeverMatchMore) {
    std::mt19937 random(5);
    const std::vector<Labels> all{
        {}, {{"a", "a"}}, {{"a", "b"}, {"b", "3"}}, {{"example.com/c", "7"}}};
    for (int i = 0; i < 3000; ++i) {
        const auto one = anySelector(random);
        const auto two = anySelector(random);
        const auto both =
            LabelSelector::parse(one.str() + (one.empty() || two.empty() ? "" : ",") + two.str());
        ASSERT_TRUE(both);
        for (const auto& labels : all) {
            EXPECT_EQ(both->matches(labels), one.matches(labels) && two.matches(labels))
                << one.str() << " and " << two.str();
        }
    }
}

}  // namespace
