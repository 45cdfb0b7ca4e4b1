#include "cli/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

namespace cli {
namespace {

constexpr int kMostValues = 100'000;

template <size_t N>
bool oneOf(const std::string& text, const std::array<const char*, N>& words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

bool isNull(const std::string& text) {
    return oneOf(text, std::array{"", "~", "null", "Null", "NULL"});
}

// YAML 1.1's booleans: kubectl takes them, so `value: on` is no string there either.
std::optional<bool> boolean(const std::string& text) {
    if (oneOf(text, std::array{"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y",
                               "Y"})) {
        return true;
    }
    if (oneOf(text, std::array{"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF",
                               "n", "N"})) {
        return false;
    }
    return std::nullopt;
}

std::optional<base::Json> integerOf(std::string_view digits, int radix, bool negative) {
    uint64_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, radix);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    if (!negative) {
        return value <= INT64_MAX ? base::Json(static_cast<int64_t>(value)) : base::Json(value);
    }
    if (value > uint64_t{1} << 63U) {
        return std::nullopt;
    }
    return base::Json(static_cast<int64_t>(-value));
}

std::optional<base::Json> integer(std::string text) {
    std::erase(text, '_');
    bool negative = text.starts_with('-');
    std::string_view digits(text);
    if (negative || text.starts_with('+')) {
        digits.remove_prefix(1);
    }
    auto prefixed = [&](const char* prefix) { return digits.starts_with(prefix); };
    if (prefixed("0x")) {
        return integerOf(digits.substr(2), 16, negative);
    }
    if (prefixed("0b")) {
        return integerOf(digits.substr(2), 2, negative);
    }
    if (prefixed("0o")) {
        return integerOf(digits.substr(2), 8, negative);
    }
    bool octal = digits.size() > 1 && digits.front() == '0';
    return integerOf(digits, octal ? 8 : 10, negative);
}

std::optional<double> real(const std::string& text) {
    size_t start = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
    std::string_view body = std::string_view(text).substr(start);
    bool number = !body.empty() && body.find_first_not_of("0123456789.eE+-") == body.npos &&
                  body.find_first_of("0123456789") <= 1 && body.front() != 'e' &&
                  body.front() != 'E' && body.front() != '+' && body.front() != '-';
    if (!number) {
        return std::nullopt;
    }
    double value = 0;
    auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), value);
    if (error != std::errc() || end != body.data() + body.size()) {
        return std::nullopt;
    }
    return text.starts_with('-') ? -value : value;
}

std::string at(const YAML::Mark& mark) {
    return "line " + std::to_string(mark.line + 1) + ": ";
}

// One document from nodes to values. A failure leaves `error` set.
class Converter {
  public:
    explicit Converter(YamlDocument& document) : document_(document) {}

    base::Json convert(const YAML::Node& node, const std::string& path) {
        if (++count_ > kMostValues && error.empty()) {
            error = at(node.Mark()) + "the document unfolds into more than 100000 values";
        }
        if (!error.empty()) {
            return nullptr;
        }
        document_.lines.emplace(path, std::max(node.Mark().line, 0) + 1);
        if (node.IsSequence()) {
            return sequence(node, path);
        }
        if (node.IsMap()) {
            return map(node, path);
        }
        return node.IsScalar() ? scalar(node) : base::Json(nullptr);
    }

    std::string error;

  private:
    base::Json sequence(const YAML::Node& node, const std::string& path) {
        base::Json out = base::Json::array();
        for (size_t i = 0; i < node.size(); ++i) {
            out.push_back(convert(node[i], path + "[" + std::to_string(i) + "]"));
        }
        return out;
    }

    base::Json map(const YAML::Node& node, const std::string& path) {
        base::Json out = base::Json::object();
        std::vector<YAML::Node> merges;
        for (const auto& entry : node) {
            if (!entry.first.IsScalar()) {
                error = at(entry.first.Mark()) + "a key has to be a plain word";
                return nullptr;
            }
            std::string key = keyOf(entry.first);
            if (key == "<<" && entry.first.Tag() == "?") {
                merges.push_back(entry.second);
                continue;
            }
            if (out.contains(key)) {
                error = at(entry.first.Mark()) + "the key \"" + key + "\" is given twice";
                return nullptr;
            }
            std::string below = path.empty() ? key : path + "." + key;
            out[key] = convert(entry.second, below);
        }
        for (const auto& merge : merges) {
            mergeInto(out, merge, path);
        }
        return out;
    }

    // What the map itself says wins over what it merges in.
    void mergeInto(base::Json& out, const YAML::Node& node, const std::string& path) {
        if (node.IsSequence()) {
            for (const auto& each : node) {
                mergeInto(out, each, path);
            }
            return;
        }
        base::Json merged = convert(node, path);
        if (!merged.is_object()) {
            error = error.empty() ? at(node.Mark()) + "<< needs a map" : error;
            return;
        }
        for (const auto& [key, value] : merged.items()) {
            if (!out.contains(key)) {
                out[key] = value;
            }
        }
    }

    static std::string keyOf(const YAML::Node& node) {
        base::Json value = scalarValue(node);
        return value.is_string() || value.is_null() ? node.Scalar() : base::dumpJson(value);
    }

    // "?" is a plain scalar, "!" a quoted or block one.
    static base::Json scalarValue(const YAML::Node& node) {
        const std::string& tag = node.Tag();
        bool plain = tag == "?" || tag.empty();
        return plain ? plainScalar(node.Scalar()) : base::Json(node.Scalar());
    }

    base::Json scalar(const YAML::Node& node) {
        const std::string& tag = node.Tag();
        bool known = tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str";
        if (!known) {
            error =
                at(node.Mark()) + "the tag " + tag + " is not supported: write the value plainly";
            return nullptr;
        }
        base::Json value = scalarValue(node);
        if (value.is_number_float() && !std::isfinite(value.get<double>())) {
            error = at(node.Mark()) + "JSON has no number \"" + node.Scalar() + "\": quote it";
        }
        return value;
    }

    YamlDocument& document_;
    int count_ = 0;
};

base::Result<std::vector<YamlDocument>> fromJson(const std::string& text) {
    auto value = base::parseJson(text);
    if (!value) {
        return base::fail(value.error().message);
    }
    YamlDocument document;
    document.value = std::move(*value);
    return std::vector<YamlDocument>{std::move(document)};
}

// --- writing

// Whether a string can stand there without quotes and read back as itself.
bool plain(const std::string& text) {
    if (!plainScalar(text).is_string() || text == "=" || text == "<<") {
        return false;
    }
    bool simple = std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view(" _./:@=+-,()%$*").find(c) != std::string_view::npos;
    });
    bool safeStart = std::isalnum(static_cast<unsigned char>(text.front())) != 0 ||
                     text.front() == '/' || text.front() == '_';
    return simple && safeStart && text.back() != ' ' && text.back() != ':' &&
           text.find(": ") == std::string::npos;
}

// A text of several lines that a literal block gives back unchanged.
bool literal(const std::string& text) {
    bool printable = std::none_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
    });
    return printable && text.size() > 1 && text.find('\n') != std::string::npos &&
           text.front() != ' ' && text.front() != '\n' && !text.ends_with("\n\n") &&
           text.find(" \n") == std::string::npos;
}

std::string scalarText(const base::Json& value) {
    bool bare = value.is_string() && plain(value.get<std::string>());
    return bare ? value.get<std::string>() : base::dumpJson(value);
}

std::string keyText(const std::string& key) {
    return plain(key) ? key : base::dumpJson(base::Json(key));
}

std::string blockText(const std::string& text, const std::string& indent) {
    std::string out = text.ends_with('\n') ? "|\n" : "|-\n";
    size_t begin = 0;
    while (begin < text.size()) {
        size_t end = std::min(text.find('\n', begin), text.size());
        out += (end > begin ? indent : "") + text.substr(begin, end - begin) + "\n";
        begin = end + 1;
    }
    return out;
}

void write(std::string& out, const base::Json& value, const std::string& indent);

// What follows "key:" or "-", its line break included.
void writeAfter(std::string& out, const base::Json& value, const std::string& indent, bool inList) {
    if (value.is_structured() && !value.empty()) {
        if (inList) {
            std::string block;
            write(block, value, indent + "  ");
            out += " " + block.substr(indent.size() + 2);
        } else {
            out += "\n";
            // Lists stand at their key's own depth, as kubectl prints them.
            write(out, value, value.is_array() ? indent : indent + "  ");
        }
    } else if (value.is_string() && literal(value.get<std::string>())) {
        out += " " + blockText(value.get<std::string>(), indent + "  ");
    } else {
        out += " " + scalarText(value) + "\n";
    }
}

void write(std::string& out, const base::Json& value, const std::string& indent) {
    if (value.is_object()) {
        for (const auto& [key, entry] : value.items()) {
            out += indent + keyText(key) + ":";
            writeAfter(out, entry, indent, false);
        }
        return;
    }
    for (const auto& entry : value) {
        out += indent + "-";
        writeAfter(out, entry, indent, true);
    }
}

}  // namespace

base::Json plainScalar(const std::string& text) {
    if (isNull(text)) {
        return nullptr;
    }
    if (auto truth = boolean(text)) {
        return *truth;
    }
    if (auto number = integer(text)) {
        return *number;
    }
    if (auto number = real(text)) {
        return *number;
    }
    if (oneOf(text, std::array{".inf", ".Inf", ".INF", "+.inf", "-.inf", ".nan", ".NaN", ".NAN"})) {
        return std::nan("");
    }
    return text;
}

int YamlDocument::lineOf(std::string path) const {
    while (true) {
        auto found = lines.find(path);
        if (found != lines.end()) {
            return found->second;
        }
        size_t cut = path.find_last_of(".[");
        if (cut == std::string::npos) {
            return line;
        }
        path.resize(cut);
    }
}

base::Result<std::vector<YamlDocument>> parseYaml(const std::string& text) {
    size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string::npos && text[first] == '{') {
        auto documents = fromJson(text);
        if (documents) {
            return documents;
        }
    }
    try {
        std::vector<YamlDocument> out;
        for (const auto& node : YAML::LoadAll(text)) {
            if (node.IsNull()) {
                continue;
            }
            YamlDocument document;
            document.line = std::max(node.Mark().line, 0) + 1;
            Converter converter(document);
            document.value = converter.convert(node, "");
            if (!converter.error.empty()) {
                return base::fail(converter.error);
            }
            out.push_back(std::move(document));
        }
        return out;
    } catch (const YAML::Exception& e) {
        return base::fail(at(e.mark) + "not valid YAML: " + e.msg);
    }
}

std::string toYaml(const base::Json& value) {
    std::string out;
    if (value.is_structured() && !value.empty()) {
        write(out, value, "");
    } else {
        out = scalarText(value) + "\n";
    }
    return out;
}

}  // namespace cli
