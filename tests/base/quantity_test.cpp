#include "base/quantity.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace {

using base::Quantity;
using base::sameQuantity;

std::string canonical(const std::string& text) {
    auto quantity = Quantity::parse(text);
    return quantity ? quantity->str() : "error";
}

TEST(Quantity, PrintsAsTheApiServerDoes) {
    struct Case {
        const char* text;
        const char* canonical;
    };
    for (const Case& c : {
             Case{"0", "0"},
             Case{"0Mi", "0"},
             Case{"-0", "0"},
             Case{"1000m", "1"},
             Case{"1.0", "1"},
             Case{"0.5", "500m"},
             Case{".5", "500m"},
             Case{"5.", "5"},
             Case{"+5", "5"},
             Case{"0.1", "100m"},
             Case{"1500m", "1500m"},
             Case{"1000k", "1M"},
             Case{"0.0001", "100u"},
             Case{"1000000000n", "1"},
             Case{"1000u", "1m"},
             Case{"12e6", "12e6"},
             Case{"12E6", "12e6"},
             Case{"1000e3", "1e6"},
             Case{"1e-3", "1e-3"},
             Case{"5e0", "5"},
             Case{"1E", "1E"},
             Case{"1024Mi", "1Gi"},
             Case{"1.5Gi", "1536Mi"},
             Case{"0.5Ki", "512"},
             Case{"1024Ki", "1Mi"},
             Case{"1000Ki", "1000Ki"},
             Case{"0.0001Gi", "107374182400u"},
             Case{"-1.5Gi", "-1536Mi"},
             Case{"-100m", "-100m"},
         }) {
        EXPECT_EQ(canonical(c.text), c.canonical) << c.text;
    }
}

TEST(Quantity, RoundsWhatIsTooFineAwayFromZero) {
    EXPECT_EQ(canonical("0.0000000001"), "1n");
    EXPECT_EQ(canonical("-0.0000000001"), "-1n");
    EXPECT_EQ(canonical("1e-99999"), "1e-9");
    EXPECT_EQ(canonical("1.0000000001"), "1000000001n");
    EXPECT_EQ(canonical("0.0000000000000000000001Ei"), "115293n");
}

TEST(Quantity, IsCappedWhereTheApiServerCapsIt) {
    for (const char* text :
         {"9223372036854775807", "9223372036854775808", "8Ei", "100E",
          "99999999999999999999999999999999", "1e2147483647", "9999999999999Ei"}) {
        EXPECT_TRUE(sameQuantity(text, "9223372036854775807")) << text;
    }
    EXPECT_EQ(canonical("100E"), "9223372036854775807");
    EXPECT_EQ(canonical("-100E"), "-9223372036854775807");
    EXPECT_EQ(canonical("7Ei"), "7Ei");
    EXPECT_EQ(canonical("0e2147483647"), "0");
}

TEST(Quantity, SameValueInOtherWords) {
    for (const auto& [a, b] : {std::pair{"1000m", "1"},
                               {"1", "1.0"},
                               {"0.1", "100m"},
                               {"1Gi", "1024Mi"},
                               {"1000M", "1G"},
                               {"1k", "1e3"},
                               {"0", "0Mi"}}) {
        EXPECT_TRUE(sameQuantity(a, b)) << a << " " << b;
    }
    EXPECT_FALSE(sameQuantity("1", "1m"));
    EXPECT_TRUE(sameQuantity("lots", "lots"));
    EXPECT_FALSE(sameQuantity("lots", "1"));
    EXPECT_FALSE(sameQuantity("lots", "many")) << "nonsense is not zero";
}

TEST(Quantity, OrderIsThatOfTheValues) {
    const std::vector<std::string> rising{"-1Ki", "-1",    "-1n", "0",    "1n", "999m", "1",
                                          "1k",   "1000M", "1Gi", "1e12", "1E", "7Ei"};
    for (size_t i = 0; i < rising.size(); ++i) {
        for (size_t j = 0; j < rising.size(); ++j) {
            EXPECT_EQ(*Quantity::parse(rising[i]) <=> *Quantity::parse(rising[j]), i <=> j)
                << rising[i] << " " << rising[j];
        }
    }
    EXPECT_TRUE(Quantity::parse("-1m")->negative());
    EXPECT_FALSE(Quantity::parse("0")->negative());
}

TEST(Quantity, NonsenseIsRefusedWithExamples) {
    for (const char* text :
         {"",      "m",   ".",    "-",   "+-1", "--1",   "1 Gi",  " 1",
          "1 ",    "1gi", "1K",   "1e",  "1e+", "1e+-3", "1e3.5", "1e99999999999",
          "1.2.3", "1,5", "0x10", "NaN", "lots"}) {
        EXPECT_FALSE(Quantity::parse(text)) << text;
    }
    EXPECT_EQ(Quantity::parse("1gi").error().message,
              "\"1gi\" is no quantity: want for example 500m, 1.5, 64Mi or 12e6");
    EXPECT_LT(Quantity::parse(std::string(1000, 'x')).error().message.size(), 120U);
}

// Random texts of the grammar.
std::string anyQuantity(std::mt19937& random) {
    static const std::vector<std::string> kSuffixes{"",   "n",  "u",  "m",   "k",  "M",  "G",
                                                    "T",  "P",  "E",  "Ki",  "Mi", "Gi", "Ti",
                                                    "Pi", "Ei", "e3", "e-6", "E2"};
    auto below = [&](unsigned most) {
        return std::uniform_int_distribution<unsigned>(0, most)(random);
    };
    std::string text = below(9) == 0 ? "-" : "";
    for (unsigned i = 0, n = below(11); i <= n; ++i) {
        text += static_cast<char>('0' + below(9));
    }
    if (below(2) == 0) {
        text += ".";
        for (unsigned i = 0, n = below(11); i <= n; ++i) {
            text += static_cast<char>('0' + below(9));
        }
    }
    return text + kSuffixes[below(static_cast<unsigned>(kSuffixes.size() - 1))];
}

TEST(QuantityProperty, PrintingLosesNothingAndIsCanonical) {
    std::mt19937 random(20260131);
    for (int i = 0; i < 20000; ++i) {
        const std::string text = anyQuantity(random);
        auto quantity = Quantity::parse(text);
        ASSERT_TRUE(quantity) << text;
        auto again = Quantity::parse(quantity->str());
        ASSERT_TRUE(again) << text << " -> " << quantity->str();
        EXPECT_EQ(*again, *quantity) << text << " -> " << quantity->str();
        EXPECT_EQ(again->str(), quantity->str()) << text;
        EXPECT_LE(quantity->str().size(), 30U) << text;
    }
}

TEST(QuantityProperty, EqualOnesOfOneFormPrintTheSame) {
    std::mt19937 random(7);
    for (int i = 0; i < 5000; ++i) {
        const auto thousands = std::to_string(std::uniform_int_distribution<>(1, 1000000)(random));
        EXPECT_EQ(canonical(thousands + "000m"), canonical(thousands));
        EXPECT_EQ(canonical(thousands + "k"), canonical(thousands + "000"));
        EXPECT_EQ(canonical(thousands + "Mi"),
                  canonical(std::to_string(std::stoll(thousands) * 1024) + "Ki"));
    }
}

TEST(QuantityProperty, OrderAgreesWithArithmetic) {
    std::mt19937 random(11);
    std::uniform_int_distribution<int64_t> any(-1'000'000'000, 1'000'000'000);
    for (int i = 0; i < 5000; ++i) {
        const int64_t a = any(random);
        const int64_t b = any(random);
        EXPECT_EQ(
            *Quantity::parse(std::to_string(a) + "m") <=> *Quantity::parse(std::to_string(b) + "m"),
            a <=> b);
        EXPECT_EQ(
            *Quantity::parse(std::to_string(a) + "Ki") <=> *Quantity::parse(std::to_string(b)),
            a * 1024 <=> b);
    }
}

}  // namespace
