#include "base/json.h"

template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace base {

Result<Json> parseJson(std::string_view text) {
    try {
        return Json::parse(text);
    } catch (const nlohmann::json::exception& e) {
        return fail(std::string("not valid JSON: ") + e.what());
    }
}

std::string dumpJson(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string dumpJsonPretty(const Json& value) {
    return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

namespace {

std::string unescape(std::string_view token) {
    std::string out;
    for (size_t i = 0; i < token.size(); ++i) {
        if (token[i] == '~' && i + 1 < token.size()) {
            out += token[++i] == '1' ? '/' : '~';
        } else {
            out += token[i];
        }
    }
    return out;
}

std::optional<size_t> index(const std::string& token) {
    if (token.empty() || token.size() > 9 ||
        token.find_first_not_of("0123456789") != std::string::npos) {
        return std::nullopt;
    }
    return static_cast<size_t>(std::stoul(token));
}

const Json* child(const Json& node, const std::string& token) {
    if (node.is_object()) {
        auto it = node.find(token);
        return it == node.end() ? nullptr : &*it;
    }
    if (node.is_array()) {
        auto i = index(token);
        return i && *i < node.size() ? &node[*i] : nullptr;
    }
    return nullptr;
}

}  // namespace

const Json* at(const Json& value, std::string_view pointer) {
    const Json* node = &value;
    while (node != nullptr && !pointer.empty()) {
        pointer.remove_prefix(1);
        size_t end = std::min(pointer.find('/'), pointer.size());
        node = child(*node, unescape(pointer.substr(0, end)));
        pointer.remove_prefix(end);
    }
    return node == nullptr || node->is_null() ? nullptr : node;
}

std::optional<std::string> stringAt(const Json& value, std::string_view pointer) {
    const Json* node = at(value, pointer);
    return node != nullptr && node->is_string() ? std::optional(node->get<std::string>())
                                                : std::nullopt;
}

std::optional<int64_t> intAt(const Json& value, std::string_view pointer) {
    const Json* node = at(value, pointer);
    return node != nullptr && node->is_number_integer() ? std::optional(node->get<int64_t>())
                                                        : std::nullopt;
}

std::optional<bool> boolAt(const Json& value, std::string_view pointer) {
    const Json* node = at(value, pointer);
    return node != nullptr && node->is_boolean() ? std::optional(node->get<bool>()) : std::nullopt;
}

const Json& arrayAt(const Json& value, std::string_view pointer) {
    static const Json kEmpty = Json::array();
    const Json* node = at(value, pointer);
    return node != nullptr && node->is_array() ? *node : kEmpty;
}

}  // namespace base
