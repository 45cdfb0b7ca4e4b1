#include "chaos/schedule/cron.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <sstream>
#include <vector>

namespace chaos::schedule {
namespace {

using namespace std::chrono;
using std::to_string;

// Nothing that ever fires waits longer: 29 February around a year like 2100.
constexpr auto kHorizon = days(9 * 366);

constexpr std::array<const char*, 12> kMonths{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                              "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<const char*, 7> kWeekdays{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

struct Field {
    const char* name;
    unsigned least;
    unsigned most;
    const char* const* words;
    unsigned wordCount;
};
constexpr std::array<Field, 5> kFields{
    Field{"minute", 0, 59, nullptr, 0}, Field{"hour", 0, 23, nullptr, 0},
    Field{"day of month", 1, 31, nullptr, 0}, Field{"month", 1, 12, kMonths.data(), 12},
    Field{"day of week", 0, 6, kWeekdays.data(), 7}};

struct Macro {
    const char* name;
    const char* line;
};
constexpr std::array<Macro, 7> kMacros{
    Macro{"@yearly", "0 0 1 1 *"}, Macro{"@annually", "0 0 1 1 *"}, Macro{"@monthly", "0 0 1 * *"},
    Macro{"@weekly", "0 0 * * 0"}, Macro{"@daily", "0 0 * * *"},    Macro{"@midnight", "0 0 * * *"},
    Macro{"@hourly", "0 * * * *"}};

base::Failure<base::Error> wrong(const std::string& why) {
    return base::fail("spec.schedule: " + why);
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

std::optional<unsigned> number(const std::string& text) {
    unsigned value = 0;
    auto end = text.data() + text.size();
    auto read = std::from_chars(text.data(), end, value);
    bool digits = !text.empty() && read.ec == std::errc() && read.ptr == end;
    return digits ? std::optional(value) : std::nullopt;
}

std::optional<unsigned> valueOf(const std::string& text, const Field& field) {
    auto word = upper(text);
    for (unsigned i = 0; i < field.wordCount; ++i) {
        if (word == field.words[i]) {
            return field.least + i;
        }
    }
    return number(text);
}

struct Parsed {
    uint64_t bits = 0;
    bool any = false;  // `*`, which leaves the field open
};

base::Result<Parsed> item(const std::string& text, const Field& field) {
    auto bad = [&](const std::string& why) {
        return wrong(std::string("in the field ") + field.name + ", \"" + text + "\" " + why);
    };
    auto slash = text.find('/');
    auto range = text.substr(0, slash);
    unsigned step = 1;
    if (slash != std::string::npos) {
        auto read = number(text.substr(slash + 1));
        if (!read || *read == 0) {
            return bad("has no step: give a number from 1 after the /");
        }
        step = *read;
    }
    Parsed out;
    unsigned from = field.least;
    unsigned to = field.most;
    if (range == "*" || range == "?") {
        out.any = step == 1;
    } else {
        auto dash = range.find('-');
        auto first = valueOf(range.substr(0, dash), field);
        auto last = dash == std::string::npos ? first : valueOf(range.substr(dash + 1), field);
        if (!first || !last) {
            return bad("is neither a number nor a range");
        }
        from = *first;
        to = dash == std::string::npos && slash != std::string::npos ? field.most : *last;
    }
    if (from < field.least || to > field.most || from > to) {
        return bad("does not fit: from " + to_string(field.least) + " to " + to_string(field.most) +
                   ", the smaller first");
    }
    for (unsigned value = from; value <= to; value += std::min(step, field.most + 1)) {
        out.bits |= uint64_t{1} << value;
    }
    return out;
}

base::Result<Parsed> parseField(const std::string& text, const Field& field) {
    Parsed out;
    std::string rest = text;
    while (true) {
        auto comma = rest.find(',');
        auto one = item(rest.substr(0, comma), field);
        if (!one) {
            return base::failWith(one.error());
        }
        out.bits |= one->bits;
        out.any = out.any || one->any;
        if (comma == std::string::npos) {
            return out;
        }
        rest = rest.substr(comma + 1);
    }
}

std::string expanded(const std::string& line) {
    for (const auto& macro : kMacros) {
        if (line == macro.name) {
            return macro.line;
        }
    }
    return line;
}

bool has(uint64_t bits, int64_t value) {
    return (bits >> static_cast<unsigned>(value) & 1U) != 0;
}

struct Local {
    sys_days day;
    minutes ofDay{0};
    year_month_day date;
    unsigned weekday = 0;
};

Local localOf(base::WallTime time, seconds offset) {
    Local out;
    auto shifted = time + offset;
    out.day = floor<days>(shifted);
    out.ofDay = floor<minutes>(shifted - out.day);
    out.date = year_month_day(out.day);
    out.weekday = weekday(out.day).c_encoding();
    return out;
}

}  // namespace

base::Result<Cron> Cron::parse(const std::string& line) {
    std::istringstream in(expanded(line));
    std::vector<std::string> words;
    std::string word;
    while (in >> word && words.size() <= kFields.size()) {
        words.push_back(word);
    }
    if (!words.empty() && words[0].find("TZ=") != std::string::npos) {
        return wrong("a time zone does not belong here: use spec.timeZone");
    }
    if (!words.empty() && words[0][0] == '@') {
        return wrong("\"" + words[0] +
                     "\" is not known: use five fields, or one of @yearly @monthly @weekly @daily "
                     "@hourly");
    }
    if (words.size() != kFields.size()) {
        return wrong(
            "five fields are needed: minute, hour, day of month, month, day of week (as \"0 11 * * "
            "MON-FRI\")");
    }
    std::array<Parsed, 5> parsed;
    for (size_t i = 0; i < kFields.size(); ++i) {
        auto one = parseField(words[i], kFields[i]);
        if (!one) {
            return base::failWith(one.error());
        }
        parsed[i] = *one;
    }
    Cron cron;
    cron.minutes_ = parsed[0].bits;
    cron.hours_ = parsed[1].bits;
    cron.days_ = parsed[2].bits;
    cron.months_ = parsed[3].bits;
    cron.weekdays_ = parsed[4].bits;
    cron.anyDay_ = parsed[2].any;
    cron.anyWeekday_ = parsed[4].any;
    return cron;
}

bool Cron::dayFits(unsigned month, unsigned day, unsigned weekday) const {
    bool byDay = has(days_, day);
    bool byWeekday = has(weekdays_, weekday);
    bool fits = anyDay_ || anyWeekday_ ? byDay && byWeekday : byDay || byWeekday;
    return fits && has(months_, month);
}

bool Cron::fits(base::WallTime minute, const Zone& zone) const {
    auto local = localOf(minute, zone.at(minute).offset);
    return has(minutes_, local.ofDay.count() % 60) && has(hours_, local.ofDay.count() / 60) &&
           dayFits(unsigned(local.date.month()), unsigned(local.date.day()), local.weekday);
}

std::optional<base::WallTime> Cron::next(base::WallTime after, const Zone& zone) const {
    base::WallTime at = floor<minutes>(after) + minutes(1);
    auto horizon = at + kHorizon;
    while (at < horizon) {
        auto rule = zone.at(at);
        auto local = localOf(at, rule.offset);
        base::WallTime jump = at;
        if (!dayFits(unsigned(local.date.month()), unsigned(local.date.day()), local.weekday)) {
            jump = at + (days(1) - local.ofDay);
        } else if (!has(hours_, local.ofDay.count() / 60)) {
            jump = at + minutes(60 - local.ofDay.count() % 60);
        } else if (!has(minutes_, local.ofDay.count() % 60)) {
            jump = at + minutes(1);
        } else {
            return at;
        }
        // Beyond a change of the clocks everything has to be looked at anew.
        at = jump >= rule.end ? base::WallTime(ceil<minutes>(rule.end)) : jump;
    }
    return std::nullopt;
}

std::optional<base::WallTime> Cron::latest(base::WallTime since, base::WallTime at,
                                           const Zone& zone) const {
    // Looks back in windows that grow until one of the times is in it.
    for (hours back{1};; back *= 4) {
        auto from = std::max(since, at - back);
        std::optional<base::WallTime> found;
        for (auto time = next(from, zone); time && *time <= at; time = next(*time, zone)) {
            found = time;
        }
        if (found || from == since) {
            return found;
        }
    }
}

}  // namespace chaos::schedule
