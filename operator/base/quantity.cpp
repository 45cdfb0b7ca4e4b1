#include "base/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

namespace base {
namespace {

constexpr __int128 kOne = 1'000'000'000;  // in billionths
constexpr __int128 kMost = __int128{std::numeric_limits<int64_t>::max()} * kOne;
constexpr int kNano = -9;

constexpr std::array<std::string_view, 6> kBinary{"Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
// From 10^-9, in steps of 10^3.
constexpr std::array<std::string_view, 10> kDecimal{"n", "u", "m", "",  "k",
                                                    "M", "G", "T", "P", "E"};

struct Suffix {
    Quantity::Form form = Quantity::Form::Decimal;
    int power = 0;  // of ten, or of two for Binary
};

std::optional<int> exponentOf(std::string_view text) {
    if (text.size() < 2 || (text.front() != 'e' && text.front() != 'E')) {
        return std::nullopt;
    }
    text.remove_prefix(1);
    if (text.front() == '+') {
        text.remove_prefix(1);
        if (text.starts_with('-')) {
            return std::nullopt;
        }
    }
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<Suffix> suffixOf(std::string_view text) {
    if (const auto found = std::find(kDecimal.begin(), kDecimal.end(), text);
        found != kDecimal.end()) {
        return Suffix{Quantity::Form::Decimal,
                      kNano + 3 * static_cast<int>(found - kDecimal.begin())};
    }
    if (const auto found = std::find(kBinary.begin(), kBinary.end(), text);
        found != kBinary.end()) {
        return Suffix{Quantity::Form::Binary, 10 * static_cast<int>(found - kBinary.begin() + 1)};
    }
    if (const auto exponent = exponentOf(text)) {
        return Suffix{Quantity::Form::Exponent, *exponent};
    }
    return std::nullopt;
}

// `digits` as a number, with `fraction` of them behind the point, times the suffix: in billionths,
// rounded up, at most kMost.
class Scaler {
  public:
    explicit Scaler(std::string_view digits) : digits_(digits) {}

    __int128 decimal(int64_t power) const {
        // The place behind which nothing counts any more: digits to its left make the number.
        const int64_t places = static_cast<int64_t>(digits_.size()) + power - kNano;
        __int128 value = 0;
        for (int64_t i = 0; i < places; ++i) {
            value = value * 10 + digitAt(i);
            if (value > kMost) {
                return kMost;
            }
            if (value == 0 && i >= static_cast<int64_t>(digits_.size())) {
                return 0;
            }
        }
        return std::min(kMost, value + (anyFrom(places) ? 1 : 0));
    }

    __int128 binary(int64_t fraction, int power) const {
        // Exact: the number is digits * 2^power * 10^(9 - fraction), and fraction is bounded.
        const auto point = static_cast<int64_t>(digits_.size()) - fraction;
        const __int128 factor = (__int128{1} << power) * kOne;
        __int128 value = 0;
        for (int64_t i = 0; i < point; ++i) {
            value = value * 10 + digitAt(i);
            if (value > kMost / factor + 1) {
                return kMost;
            }
        }
        return std::min(kMost, value * factor + part(point, factor));
    }

  private:
    int digitAt(int64_t i) const {
        return i >= 0 && i < static_cast<int64_t>(digits_.size())
                   ? digits_[static_cast<size_t>(i)] - '0'
                   : 0;
    }
    bool anyFrom(int64_t i) const {
        const auto start = static_cast<size_t>(std::max<int64_t>(i, 0));
        return start < digits_.size() &&
               digits_.find_first_not_of('0', start) != std::string_view::npos;
    }
    // 0.digits * factor, rounded up: long multiplication from the last digit on, with a sticky
    // rest.
    __int128 part(int64_t point, __int128 factor) const {
        __int128 value = 0;
        bool rest = false;
        for (auto i = static_cast<int64_t>(digits_.size()) - 1; i >= point; --i) {
            const __int128 sum = digitAt(i) * factor + value;
            rest = rest || sum % 10 != 0;
            value = sum / 10;
        }
        return value + (rest ? 1 : 0);
    }

    std::string_view digits_;
};

std::string print(__int128 value) {
    std::string out;
    do {
        out.insert(out.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
        value /= 10;
    } while (value > 0);
    return out;
}

std::string printBinary(__int128 units) {
    size_t step = 0;
    while (step < kBinary.size() && units % 1024 == 0) {
        units /= 1024;
        ++step;
    }
    return print(units) + std::string(step == 0 ? "" : kBinary[step - 1]);
}

std::string printDecimal(__int128 nanos, Quantity::Form form) {
    size_t step = 0;
    while (step + 1 < kDecimal.size() && nanos % 1000 == 0) {
        nanos /= 1000;
        ++step;
    }
    const int power = kNano + 3 * static_cast<int>(step);
    if (form == Quantity::Form::Exponent) {
        return print(nanos) + (power == 0 ? "" : "e" + std::to_string(power));
    }
    return print(nanos) + std::string(kDecimal[step]);
}

Failure<Error> noQuantity(std::string_view text) {
    constexpr size_t kShown = 40;
    return fail("\"" + std::string(text.substr(0, kShown)) +
                "\" is no quantity: want for example 500m, 1.5, 64Mi or 12e6");
}

}  // namespace

Result<Quantity> Quantity::parse(std::string_view text) {
    std::string_view rest = text;
    const bool minus = rest.starts_with('-');
    if (minus || rest.starts_with('+')) {
        rest.remove_prefix(1);
    }
    std::string digits;
    size_t fraction = 0;
    bool point = false;
    while (!rest.empty() && (rest.front() == '.' || (rest.front() >= '0' && rest.front() <= '9'))) {
        if (rest.front() != '.') {
            digits += rest.front();
            fraction += point ? 1 : 0;
        } else if (point) {
            return noQuantity(text);
        } else {
            point = true;
        }
        rest.remove_prefix(1);
    }
    const auto suffix = suffixOf(rest);
    if (digits.empty() || !suffix) {
        return noQuantity(text);
    }
    const Scaler scaler(digits);
    const auto behind = static_cast<int64_t>(fraction);
    const __int128 size = suffix->form == Form::Binary ? scaler.binary(behind, suffix->power)
                                                       : scaler.decimal(suffix->power - behind);
    return Quantity(minus ? -size : size, suffix->form);
}

std::strong_ordering Quantity::operator<=>(const Quantity& other) const {
    return nanos_ < other.nanos_   ? std::strong_ordering::less
           : nanos_ > other.nanos_ ? std::strong_ordering::greater
                                   : std::strong_ordering::equal;
}

std::string Quantity::str() const {
    if (nanos_ == 0) {
        return "0";
    }
    const __int128 size = nanos_ < 0 ? -nanos_ : nanos_;
    // Below 1Ki and between whole numbers a binary suffix has nothing to say.
    const bool binary = form_ == Form::Binary && size >= 1024 * kOne && size % kOne == 0;
    return (nanos_ < 0 ? "-" : "") +
           (binary ? printBinary(size / kOne) : printDecimal(size, form_));
}

bool sameQuantity(std::string_view a, std::string_view b) {
    if (a == b) {
        return true;
    }
    const auto left = Quantity::parse(a);
    const auto right = Quantity::parse(b);
    return left && right && *left == *right;
}

}  // namespace base
