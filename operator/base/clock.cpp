#include "base/clock.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace base {
namespace {

class SystemClock final : public Clock {
  public:
    SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
    WallTime wall() const override { return std::chrono::system_clock::now(); }
};

std::string format(WallTime time, bool micros) {
    auto since = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch());
    auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    std::time_t t = seconds.count();
    std::tm parts{};
    gmtime_r(&t, &parts);
    std::array<char, 40> text{};
    size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::string out(text.data(), n);
    if (micros) {
        std::array<char, 32> fraction{};
        std::snprintf(fraction.data(), fraction.size(), ".%06lld",
                      static_cast<long long>((since - seconds).count()));
        out += fraction.data();
    }
    return out + "Z";
}

}  // namespace

const Clock& systemClock() {
    static const SystemClock clock;
    return clock;
}

std::string formatTime(WallTime time) {
    return format(time, false);
}

std::string formatMicroTime(WallTime time) {
    return format(time, true);
}

bool parseTime(const std::string& text, WallTime& time) {
    std::tm parts{};
    const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == nullptr) {
        return false;
    }
    int64_t micros = 0;
    if (*rest == '.') {
        int64_t scale = 100000;
        for (++rest; *rest >= '0' && *rest <= '9'; ++rest, scale /= 10) {
            micros += (*rest - '0') * scale;
        }
    }
    int offset = 0;
    if (*rest == '+' || *rest == '-') {
        int hours = 0;
        int minutes = 0;
        int length = 0;
        if (std::sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &length) != 2 ||
            rest[1 + length] != '\0') {
            return false;
        }
        offset = (hours * 60 + minutes) * 60 * (*rest == '+' ? 1 : -1);
    } else if (*rest != 'Z' || rest[1] != '\0') {
        return false;
    }
    time =
        WallTime(std::chrono::seconds(timegm(&parts) - offset)) + std::chrono::microseconds(micros);
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

}  // namespace base
