#include "api/quantity.h"

#include <array>
#include <utility>

namespace api {
namespace {

constexpr __int128 kNano = 1'000'000'000;
// Keeps every product below within 127 bits.
constexpr size_t kMaxDigits = 28;

// The factor of a suffix in billionths; 0: unknown.
__int128 factorOf(const std::string& suffix) {
    static constexpr std::array<std::pair<const char*, int>, 10> kDecimal{{{"n", 0},
                                                                           {"u", 3},
                                                                           {"m", 6},
                                                                           {"", 9},
                                                                           {"k", 12},
                                                                           {"M", 15},
                                                                           {"G", 18},
                                                                           {"T", 21},
                                                                           {"P", 24},
                                                                           {"E", 27}}};
    for (const auto& [name, exponent] : kDecimal) {
        if (suffix == name) {
            __int128 factor = 1;
            for (int i = 0; i < exponent; ++i) {
                factor *= 10;
            }
            return factor;
        }
    }
    static constexpr std::array<const char*, 6> kBinary{"Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    __int128 factor = kNano;
    for (const char* name : kBinary) {
        factor *= 1024;
        if (suffix == name) {
            return factor;
        }
    }
    return 0;
}

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

std::optional<__int128> parseQuantity(const std::string& text) {
    size_t at = 0;
    std::string whole;
    std::string fraction;
    while (at < text.size() && isDigit(text[at])) {
        whole += text[at++];
    }
    if (whole.empty()) {
        return std::nullopt;
    }
    if (at < text.size() && text[at] == '.') {
        ++at;
        while (at < text.size() && isDigit(text[at])) {
            fraction += text[at++];
        }
        if (fraction.empty()) {
            return std::nullopt;
        }
    }
    __int128 factor = factorOf(text.substr(at));
    if (factor == 0 || whole.size() + fraction.size() > kMaxDigits) {
        return std::nullopt;
    }
    constexpr __int128 kMost = __int128{1} << 122;
    __int128 value = 0;
    for (char c : whole) {
        value = value * 10 + (c - '0');
    }
    if (value > kMost / factor) {
        return std::nullopt;
    }
    value *= factor;
    for (char c : fraction) {
        factor /= 10;
        value += factor * (c - '0');
    }
    return value;
}

std::optional<int> compareQuantities(const std::string& a, const std::string& b) {
    auto left = parseQuantity(a);
    auto right = parseQuantity(b);
    if (!left || !right) {
        return std::nullopt;
    }
    return *left < *right ? -1 : *left > *right ? 1 : 0;
}

bool sameQuantity(const std::string& a, const std::string& b) {
    return a == b || compareQuantities(a, b) == 0;
}

}  // namespace api
