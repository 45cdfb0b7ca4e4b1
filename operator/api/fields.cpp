#include "api/fields.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>

namespace api {
namespace {

const base::Json& emptyObject() {
    static const base::Json kEmpty = base::Json::object();
    return kEmpty;
}

// Characters, as the API server counts them: UTF-8 continuation bytes do not count.
size_t lengthOf(const std::string& text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

size_t distance(const std::string& a, const std::string& b) {
    std::vector<size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string shown(const base::Json& value) {
    constexpr size_t kMost = 80;
    std::string text = value.is_structured() ? std::string("\"") + value.type_name() + "\""
                                             : base::dumpJson(value);
    return text.size() > kMost ? text.substr(0, kMost) + "...\"" : text;
}

}  // namespace

std::string didYouMean(const std::string& text, const std::vector<std::string>& candidates) {
    std::string best;
    size_t bestDistance = std::max<size_t>(2, text.size() / 3) + 1;
    for (const auto& candidate : candidates) {
        size_t far = distance(lower(text), lower(candidate));
        if (far < bestDistance) {
            bestDistance = far;
            best = candidate;
        }
    }
    return best;
}

Fields::Fields(const base::Json& object, std::string path, Problem& problem)
    : object_(object.is_object() ? object : emptyObject()),
      path_(std::move(path)),
      problem_(problem) {
    if (!object.is_object()) {
        invalid(path_, object, "must be an object");
    }
}

std::string Fields::pathOf(const std::string& name) const {
    return path_.empty() ? name : path_ + "." + name;
}

void Fields::invalid(const std::string& path, const base::Json& value, const std::string& remedy) {
    problem_.add(path + ": Invalid value: " + shown(value) + ": " + remedy);
}

const base::Json* Fields::find(const char* name) {
    known_.emplace_back(name);
    auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const base::Json* Fields::require(const char* name, const char* remedy) {
    const auto* value = find(name);
    if (value == nullptr) {
        problem_.add(pathOf(name) + ": Required value: " + remedy);
    }
    return value;
}

bool Fields::textWithin(const std::string& path, const base::Json& value, TextBounds bounds) {
    if (!value.is_string()) {
        invalid(path, value, "must be a string: put it in quotes");
        return false;
    }
    size_t length = lengthOf(value.get_ref<const std::string&>());
    if (length < bounds.least || length > bounds.most) {
        invalid(path, value,
                length < bounds.least
                    ? "may not be empty"
                    : "may not be longer than " + std::to_string(bounds.most) + " characters");
        return false;
    }
    return true;
}

void Fields::text(const char* name, std::string& out, TextBounds bounds) {
    const auto* value = find(name);
    if (value != nullptr && textWithin(pathOf(name), *value, bounds)) {
        out = value->get<std::string>();
    }
}

void Fields::text(const char* name, std::optional<std::string>& out, TextBounds bounds) {
    const auto* value = find(name);
    if (value != nullptr && textWithin(pathOf(name), *value, bounds)) {
        out = value->get<std::string>();
    }
}

void Fields::requiredText(const char* name, std::string& out, TextBounds bounds,
                          const char* remedy) {
    const auto* value = require(name, remedy);
    if (value != nullptr && textWithin(pathOf(name), *value, bounds)) {
        out = value->get<std::string>();
    }
}

void Fields::integer(const char* name, std::optional<int64_t>& out, int64_t least, int64_t most) {
    const auto* value = find(name);
    if (value == nullptr) {
        return;
    }
    // 5.0 is an integer to the API server; what does not fit 64 bits is out of bounds anyway.
    bool whole =
        value->is_number_integer() ||
        (value->is_number_float() && value->get<double>() == std::floor(value->get<double>()));
    if (!whole) {
        invalid(pathOf(name), *value, "must be a whole number");
        return;
    }
    double wide = value->get<double>();
    if (wide < static_cast<double>(least) || wide > static_cast<double>(most)) {
        invalid(pathOf(name), *value,
                "must be between " + std::to_string(least) + " and " + std::to_string(most));
        return;
    }
    out = value->get<int64_t>();
}

void Fields::integer(const char* name, int64_t& out, int64_t least, int64_t most) {
    std::optional<int64_t> value;
    integer(name, value, least, most);
    out = value.value_or(out);
}

void Fields::oneOf(const char* name, std::string& out, const std::vector<std::string>& values) {
    const auto* value = find(name);
    if (value == nullptr) {
        return;
    }
    if (value->is_string() &&
        std::find(values.begin(), values.end(), value->get<std::string>()) != values.end()) {
        out = value->get<std::string>();
        return;
    }
    std::string list;
    for (const auto& one : values) {
        list += (list.empty() ? "\"" : ", \"") + one + "\"";
    }
    problem_.add(pathOf(name) + ": Unsupported value: " + shown(*value) +
                 ": supported values: " + list);
}

void Fields::items(const char* name, size_t maxItems,
                   const std::function<void(const base::Json&, const std::string&)>& each) {
    const auto* value = find(name);
    if (value == nullptr) {
        return;
    }
    if (!value->is_array() || value->size() > maxItems) {
        invalid(pathOf(name), *value,
                "must be a list of at most " + std::to_string(maxItems) + " items");
        return;
    }
    for (size_t i = 0; i < value->size(); ++i) {
        each((*value)[i], pathOf(name) + "[" + std::to_string(i) + "]");
    }
}

void Fields::texts(const char* name, std::vector<std::string>& out, size_t maxItems,
                   size_t maxLength) {
    items(name, maxItems, [&](const base::Json& item, const std::string& path) {
        if (textWithin(path, item, {0, maxLength})) {
            out.push_back(item.get<std::string>());
        }
    });
}

void Fields::textMap(const char* name, std::map<std::string, std::string>& out,
                     size_t maxProperties, size_t maxLength) {
    const auto* value = find(name);
    if (value == nullptr) {
        return;
    }
    if (!value->is_object() || value->size() > maxProperties) {
        invalid(pathOf(name), *value,
                "must be a map of at most " + std::to_string(maxProperties) + " entries");
        return;
    }
    for (const auto& [key, item] : value->items()) {
        if (textWithin(pathOf(name) + "." + key, item, {0, maxLength})) {
            out[key] = item.get<std::string>();
        }
    }
}

void Fields::list(const char* name, size_t maxItems, const std::function<void(Fields&)>& read) {
    items(name, maxItems, [&](const base::Json& value, const std::string& path) {
        Fields item(value, path, problem_);
        read(item);
        item.end();
    });
}

void Fields::object(const char* name, const std::function<void(Fields&)>& read) {
    if (const auto* value = find(name)) {
        Fields inner(*value, pathOf(name), problem_);
        read(inner);
        inner.end();
    }
}

void Fields::rule(bool holds, const std::string& message) {
    if (!holds) {
        problem_.add(path_ + ": " + message);
    }
}

void Fields::unique(const std::string& name, std::set<std::string>& seen) {
    if (!seen.insert(name).second) {
        problem_.add(path_ + ": Duplicate value: {\"name\":\"" + name +
                     "\"}: remove or rename one of them");
    }
}

void Fields::end() {
    if (!problem_.refuseUnknown) {
        return;
    }
    for (const auto& [key, value] : object_.items()) {
        if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
            std::string meant = didYouMean(key, known_);
            problem_.add("unknown field \"" + pathOf(key) + "\": " +
                         (meant.empty() ? "remove it" : "did you mean \"" + meant + "\"?"));
        }
    }
}

}  // namespace api
