#include "base/label_selector.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/json.h"

namespace base {
namespace {

using Operator = LabelSelector::Operator;
using Requirement = LabelSelector::Requirement;

bool isAlphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Alphanumeric at both ends, '-', '_', '.' between.
bool isName(std::string_view text) {
    constexpr size_t kMost = 63;
    return !text.empty() && text.size() <= kMost && isAlphanumeric(text.front()) &&
           isAlphanumeric(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
               return isAlphanumeric(c) || c == '-' || c == '_' || c == '.';
           });
}

bool isDomain(std::string_view text) {
    constexpr size_t kMost = 253;
    if (text.empty() || text.size() > kMost) {
        return false;
    }
    while (!text.empty()) {
        const size_t dot = std::min(text.find('.'), text.size());
        const std::string_view part = text.substr(0, dot);
        const bool good = !part.empty() && part.front() != '-' && part.back() != '-' &&
                          std::all_of(part.begin(), part.end(), [](char c) {
                              return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
                          });
        if (!good || dot + 1 == text.size()) {
            return false;
        }
        text.remove_prefix(std::min(dot + 1, text.size()));
    }
    return true;
}

bool isKey(std::string_view text) {
    const size_t slash = text.find('/');
    return slash == std::string_view::npos
               ? isName(text)
               : isDomain(text.substr(0, slash)) && isName(text.substr(slash + 1));
}

std::optional<int64_t> integer(std::string_view text) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && !text.empty()
               ? std::optional(value)
               : std::nullopt;
}

bool ordered(Operator op) {
    return op == Operator::GreaterThan || op == Operator::LessThan;
}

std::string inQuotes(std::string_view text) {
    constexpr size_t kShown = 80;
    return "\"" + std::string(text.substr(0, kShown)) + "\"";
}

std::optional<std::string> problemOf(const Requirement& requirement) {
    if (!isKey(requirement.key)) {
        return inQuotes(requirement.key) + " cannot be a label's key: want NAME or DOMAIN/NAME";
    }
    const bool lists = requirement.op == Operator::In || requirement.op == Operator::NotIn;
    if (lists && requirement.values.empty()) {
        return "label " + inQuotes(requirement.key) + ": want at least one value";
    }
    if (!lists && !ordered(requirement.op) && !requirement.values.empty()) {
        return "label " + inQuotes(requirement.key) + ": Exists and DoesNotExist take no values";
    }
    for (const auto& value : requirement.values) {
        if (ordered(requirement.op) && !integer(value)) {
            return "label " + inQuotes(requirement.key) + ": " + inQuotes(value) +
                   " is no integer to compare with";
        }
        if (!value.empty() && !isName(value) && !ordered(requirement.op)) {
            return "label " + inQuotes(requirement.key) + ": " + inQuotes(value) +
                   " cannot be a label's value: at most 63 letters, digits, '-', '_' and '.'";
        }
    }
    return std::nullopt;
}

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<std::vector<Requirement>> all() {
        std::vector<Requirement> out;
        skipSpace();
        if (at_ == text_.size()) {
            return out;
        }
        do {
            auto one = requirement();
            if (!one) {
                return fail(one.error().message);
            }
            out.push_back(std::move(one).value());
        } while (take(","));
        if (at_ != text_.size()) {
            return fail(wanted("a comma"));
        }
        return out;
    }

  private:
    Result<Requirement> requirement() {
        Requirement out;
        const bool absent = take("!");
        out.key = word();
        if (out.key.empty()) {
            return fail(wanted("a label's key"));
        }
        if (absent) {
            out.op = Operator::DoesNotExist;
        } else if (take("!=")) {
            out.op = Operator::NotIn;
            out.values = {word()};
        } else if (take("==") || take("=")) {
            out.op = Operator::In;
            out.values = {word()};
        } else if (take(">")) {
            out.op = Operator::GreaterThan;
            out.values = {word()};
        } else if (take("<")) {
            out.op = Operator::LessThan;
            out.values = {word()};
        } else if (const std::string name = word(); name == "in" || name == "notin") {
            out.op = name == "in" ? Operator::In : Operator::NotIn;
            return list(std::move(out));
        } else if (!name.empty()) {
            return fail(wanted("=, !=, in, notin, > or <"));
        }
        return out;
    }

    // An empty item is the empty value, as in kubectl.
    Result<Requirement> list(Requirement out) {
        if (!take("(")) {
            return fail(wanted("("));
        }
        do {
            out.values.insert(word());
        } while (take(","));
        return take(")") ? Result<Requirement>(std::move(out)) : fail(wanted("a comma or )"));
    }

    std::string word() {
        skipSpace();
        const size_t start = at_;
        at_ = std::min(text_.find_first_of(" \t\r\n,()!=<>", at_), text_.size());
        return std::string(text_.substr(start, at_ - start));
    }
    bool take(std::string_view sign) {
        skipSpace();
        if (!text_.substr(at_).starts_with(sign)) {
            return false;
        }
        at_ += sign.size();
        return true;
    }
    void skipSpace() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
    std::string wanted(const std::string& what) const {
        return "label selector " + inQuotes(text_) + ": at byte " + std::to_string(at_) +
               ": want " + what;
    }

    std::string_view text_;
    size_t at_ = 0;
};

std::string joined(const std::set<std::string>& values) {
    std::string out;
    for (const auto& value : values) {
        out += (&value == &*values.begin() ? "" : ",") + value;
    }
    return out;
}

std::string print(const Requirement& one) {
    switch (one.op) {
        case Operator::In:
            return one.values.size() == 1 ? one.key + "=" + *one.values.begin()
                                          : one.key + " in (" + joined(one.values) + ")";
        case Operator::NotIn:
            return one.values.size() == 1 ? one.key + "!=" + *one.values.begin()
                                          : one.key + " notin (" + joined(one.values) + ")";
        case Operator::Exists:
            return one.key;
        case Operator::DoesNotExist:
            return "!" + one.key;
        case Operator::GreaterThan:
            return one.key + ">" + *one.values.begin();
        case Operator::LessThan:
            return one.key + "<" + *one.values.begin();
    }
    return "";
}

bool fits(const Requirement& one, const LabelSelector::Labels& labels) {
    const auto label = labels.find(one.key);
    const bool present = label != labels.end();
    switch (one.op) {
        case Operator::In:
            return present && one.values.contains(label->second);
        case Operator::NotIn:
            return !present || !one.values.contains(label->second);
        case Operator::Exists:
            return present;
        case Operator::DoesNotExist:
            return !present;
        case Operator::GreaterThan:
        case Operator::LessThan:
            break;
    }
    const auto value = present ? integer(label->second) : std::nullopt;
    const auto bound = integer(*one.values.begin());
    return value && bound && (one.op == Operator::GreaterThan ? *value > *bound : *value < *bound);
}

constexpr std::pair<const char*, Operator> kNames[] = {{"In", Operator::In},
                                                       {"NotIn", Operator::NotIn},
                                                       {"Exists", Operator::Exists},
                                                       {"DoesNotExist", Operator::DoesNotExist}};

Result<Requirement> expression(const Json& item, const std::string& field) {
    Requirement out;
    const auto key = item.is_object() ? stringAt(item, "/key") : std::nullopt;
    if (!key) {
        return fail(field + ".key: is missing: name the label");
    }
    out.key = *key;
    const std::string name = stringAt(item, "/operator").value_or("");
    const auto* found = std::find_if(std::begin(kNames), std::end(kNames),
                                     [&](const auto& entry) { return entry.first == name; });
    if (found == std::end(kNames)) {
        return fail(field + ".operator: " + inQuotes(name) +
                    ": want In, NotIn, Exists or DoesNotExist");
    }
    out.op = found->second;
    for (const auto& value : arrayAt(item, "/values")) {
        if (!value.is_string()) {
            return fail(field + ".values: want strings only");
        }
        out.values.insert(value.get<std::string>());
    }
    return out;
}

}  // namespace

Result<LabelSelector> LabelSelector::checked(std::vector<Requirement> requirements) {
    for (const auto& one : requirements) {
        if (auto problem = problemOf(one)) {
            return fail(*problem);
        }
    }
    std::sort(requirements.begin(), requirements.end());
    requirements.erase(std::unique(requirements.begin(), requirements.end()), requirements.end());
    LabelSelector out;
    out.requirements_ = std::move(requirements);
    return out;
}

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
    auto requirements = Parser(text).all();
    return requirements ? checked(std::move(requirements).value())
                        : fail(requirements.error().message);
}

Result<LabelSelector> LabelSelector::fromJson(const Json& object) {
    if (!object.is_object()) {
        return fail("label selector: want an object with matchLabels and matchExpressions");
    }
    std::vector<Requirement> out;
    if (const Json* labels = at(object, "/matchLabels")) {
        if (!labels->is_object()) {
            return fail("matchLabels: want a map");
        }
        for (const auto& [key, value] : labels->items()) {
            if (!value.is_string()) {
                return fail("matchLabels." + key + ": want a string");
            }
            out.push_back({key, Operator::In, {value.get<std::string>()}});
        }
    }
    const Json* expressions = at(object, "/matchExpressions");
    if (expressions != nullptr && !expressions->is_array()) {
        return fail("matchExpressions: want a list");
    }
    size_t index = 0;
    for (const auto& item : arrayAt(object, "/matchExpressions")) {
        auto one = expression(item, "matchExpressions[" + std::to_string(index++) + "]");
        if (!one) {
            return fail(one.error().message);
        }
        out.push_back(std::move(one).value());
    }
    return checked(std::move(out));
}

bool LabelSelector::matches(const Labels& labels) const {
    return std::all_of(requirements_.begin(), requirements_.end(),
                       [&](const Requirement& one) { return fits(one, labels); });
}

std::string LabelSelector::str() const {
    std::string out;
    for (const auto& one : requirements_) {
        out += (out.empty() ? "" : ",") + print(one);
    }
    return out;
}

Result<Json> LabelSelector::json() const {
    Json labels = Json::object();
    Json expressions = Json::array();
    for (const auto& one : requirements_) {
        if (ordered(one.op)) {
            return fail("label " + inQuotes(one.key) + ": > and < have no object form");
        }
        if (one.op == Operator::In && one.values.size() == 1 && !labels.contains(one.key)) {
            labels[one.key] = *one.values.begin();
            continue;
        }
        const auto* name = std::find_if(std::begin(kNames), std::end(kNames),
                                        [&](const auto& entry) { return entry.second == one.op; });
        Json item = {{"key", one.key}, {"operator", name->first}};
        if (!one.values.empty()) {
            item["values"] = one.values;
        }
        expressions.push_back(std::move(item));
    }
    Json out = Json::object();
    if (!labels.empty()) {
        out["matchLabels"] = std::move(labels);
    }
    if (!expressions.empty()) {
        out["matchExpressions"] = std::move(expressions);
    }
    return out;
}

}  // namespace base
