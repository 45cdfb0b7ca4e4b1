#include "base/json.h"

#include <charconv>

template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace base {

std::string dumpJson(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string dumpJsonPretty(const Json& value) {
    return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

namespace {

// "~1" is a slash, "~0" a tilde. `room` holds the text where there are such.
std::string_view unescape(std::string_view token, std::string& room) {
    if (token.find('~') == std::string_view::npos) {
        return token;
    }
    for (size_t i = 0; i < token.size(); ++i) {
        if (token[i] == '~' && i + 1 < token.size()) {
            room += token[++i] == '1' ? '/' : '~';
        } else {
            room += token[i];
        }
    }
    return room;
}

std::optional<size_t> index(std::string_view token) {
    size_t out = 0;
    constexpr size_t kLongest = 9;
    if (token.empty() || token.size() > kLongest ||
        token.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    std::from_chars(token.data(), token.data() + token.size(), out);
    return out;
}

const Json* child(const Json& node, std::string_view token) {
    if (node.is_object()) {
        const auto& members = node.get_ref<const Json::object_t&>();
        auto it = members.find(token);
        return it == members.end() ? nullptr : &it->second;
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
        std::string room;
        node = child(*node, unescape(pointer.substr(0, end), room));
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

std::string textAt(const Json& value, std::string_view pointer, std::string_view otherwise) {
    return stringAt(value, pointer).value_or(std::string(otherwise));
}

bool sameJson(const Json& a, const Json& b) {
    return nlohmann::json(a) == nlohmann::json(b);
}

const Json& arrayAt(const Json& value, std::string_view pointer) {
    static const Json kEmpty = Json::array();
    const Json* node = at(value, pointer);
    return node != nullptr && node->is_array() ? *node : kEmpty;
}

}  // namespace base
