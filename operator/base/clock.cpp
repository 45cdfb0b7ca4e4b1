#include "base/clock.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>

namespace base {
namespace {

class SystemClock final : public Clock {
  public:
    SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
    WallTime wall() const override { return std::chrono::system_clock::now(); }
};

struct Parts {
    std::string seconds;  // up to the second
    std::chrono::nanoseconds rest{0};
};

Parts partsOf(WallTime time) {
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    const std::time_t t = std::chrono::system_clock::to_time_t(second);
    std::tm parts{};
    gmtime_r(&t, &parts);
    std::array<char, 40> text{};
    const size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    return {{text.data(), n}, time - second};
}

std::string padded(long long value, size_t width) {
    const std::string digits = std::to_string(value);
    return std::string(width - std::min(width, digits.size()), '0') + digits;
}

// Takes a text apart from the left; the first thing that is not as wanted is remembered.
class TimeReader {
  public:
    explicit TimeReader(std::string_view text) : rest_(text) {}

    // Exactly so many digits.
    int number(size_t digits) {
        int value = 0;
        good_ = good_ && rest_.size() >= digits;
        for (size_t i = 0; good_ && i < digits; ++i) {
            good_ = isDigit(rest_[i]);
            value = value * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(good_ ? digits : 0);
        return good_ ? value : 0;
    }
    void sign(char wanted) { good_ = take(wanted) && good_; }
    bool take(char wanted) {
        const bool there = good_ && rest_.starts_with(wanted);
        rest_.remove_prefix(there ? 1 : 0);
        return there;
    }
    // ".123456789", or nothing.
    std::chrono::nanoseconds fraction() {
        if (!take('.')) {
            return {};
        }
        int64_t nanos = 0;
        int64_t scale = 100'000'000;
        good_ = !rest_.empty() && isDigit(rest_.front());
        for (; !rest_.empty() && isDigit(rest_.front()); scale /= 10) {
            nanos += (rest_.front() - '0') * scale;
            rest_.remove_prefix(1);
        }
        return std::chrono::nanoseconds(nanos);
    }
    // "Z", "+02:00" or "-02:00".
    std::chrono::minutes offset() {
        if (take('Z')) {
            return {};
        }
        const bool west = take('-');
        good_ = west || take('+');
        const int hours = number(2);
        sign(':');
        const int minutes = number(2);
        require(hours < 24 && minutes < 60);
        return (west ? -1 : 1) * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
    }
    void require(bool condition) { good_ = good_ && condition; }
    bool done() const { return good_ && rest_.empty(); }

  private:
    static bool isDigit(char c) { return c >= '0' && c <= '9'; }

    std::string_view rest_;
    bool good_ = true;
};

}  // namespace

const Clock& systemClock() {
    static const SystemClock clock;
    return clock;
}

std::string formatTime(WallTime time) {
    return partsOf(time).seconds + "Z";
}

std::string formatMicroTime(WallTime time) {
    const Parts parts = partsOf(time);
    constexpr long long kNanosInMicro = 1000;
    return parts.seconds + "." + padded(parts.rest.count() / kNanosInMicro, 6) + "Z";
}

std::string formatNanoTime(WallTime time) {
    const Parts parts = partsOf(time);
    std::string fraction = "." + padded(parts.rest.count(), 9);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return parts.seconds + (fraction == "." ? "" : fraction) + "Z";
}

bool parseTime(std::string_view text, WallTime& time) {
    namespace ch = std::chrono;
    TimeReader reader(text);
    const ch::year year(reader.number(4));
    reader.sign('-');
    const ch::month month(static_cast<unsigned>(reader.number(2)));
    reader.sign('-');
    const ch::day day(static_cast<unsigned>(reader.number(2)));
    reader.sign('T');
    const int hour = reader.number(2);
    reader.sign(':');
    const int minute = reader.number(2);
    reader.sign(':');
    const int second = reader.number(2);
    const auto fraction = reader.fraction();
    const auto offset = reader.offset();
    const ch::year_month_day date(year, month, day);
    reader.require(date.ok() && hour < 24 && minute < 60 && second < 60);
    if (!reader.done()) {
        return false;
    }
    const ch::sys_seconds whole =
        ch::sys_days(date) + ch::hours(hour) + ch::minutes(minute) + ch::seconds(second) - offset;
    // 64 bits of nanoseconds hold little more.
    constexpr auto kFirst = ch::sys_days(ch::year(1678) / 1 / 1);
    constexpr auto kEnd = ch::sys_days(ch::year(2262) / 1 / 1);
    if (whole < kFirst || whole >= kEnd) {
        return false;
    }
    time = whole + fraction;
    return true;
}

std::string formatAge(std::chrono::seconds age) {
    constexpr long long kHour = 3600;
    long long s = std::max<long long>(age.count(), 0);
    auto unit = [](long long n, const char* name) { return std::to_string(n) + name; };
    auto pair = [&](long long big, const char* b, long long small, const char* n) {
        return unit(big, b) + (small > 0 ? unit(small, n) : "");
    };
    if (s < 120) {
        return unit(s, "s");
    }
    if (s < 600) {
        return pair(s / 60, "m", s % 60, "s");
    }
    if (s < 3 * kHour) {
        return unit(s / 60, "m");
    }
    if (s < 8 * kHour) {
        return pair(s / kHour, "h", s % kHour / 60, "m");
    }
    if (s < 48 * kHour) {
        return unit(s / kHour, "h");
    }
    return unit(s / (24 * kHour), "d");
}

double secondsBetween(WallTime from, WallTime to) {
    using Seconds = std::chrono::duration<double>;
    return Seconds(Seconds(to.time_since_epoch()) - Seconds(from.time_since_epoch())).count();
}

}  // namespace base
