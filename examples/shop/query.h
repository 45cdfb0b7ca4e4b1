// Numbers in the query of a request, "a=1&b=2".
//
//   auto ms = shop::number(request.query, {.name = "ms", .fallback = 100, .most = 10000});
//   if (!ms) {
//       return shop::refusal(request.query, {...});     // 400: ms is "ten": give a number from 0
//       to 10000
//   }
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shop/routes.h"

namespace shop {

struct Number {
    std::string_view name;
    int fallback = 0;  // where it is not given
    int most = 0;
};

// Nothing: it is none, or not from 0 to the most.
std::optional<int> number(std::string_view query, const Number& wanted);
// What is to be given in its place.
Response refusal(std::string_view query, const Number& wanted);

}  // namespace shop
