#include "shop/query.h"

#include <algorithm>
#include <charconv>

namespace shop {
namespace {

std::optional<std::string_view> parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        if (pair.substr(0, equals) == name) {
            return equals == std::string_view::npos ? "" : pair.substr(equals + 1);
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<int> number(std::string_view query, const Number& wanted) {
    const auto text = parameter(query, wanted.name);
    if (!text) {
        return wanted.fallback;
    }
    int value = 0;
    const auto [end, error] = std::from_chars(text->begin(), text->end(), value);
    if (error != std::errc() || end != text->end() || value < 0 || value > wanted.most) {
        return std::nullopt;
    }
    return value;
}

Response refusal(std::string_view query, const Number& wanted) {
    return {.status = 400,
            .body = std::string(wanted.name) + " is \"" +
                    std::string(parameter(query, wanted.name).value_or("")) +
                    "\": give a number from 0 to " + std::to_string(wanted.most) + "\n"};
}

}  // namespace shop
