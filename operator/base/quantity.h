// A Kubernetes quantity ("100m", "64Mi", "1.5", "12e6") as a value: exact, ordered, and printed as
// the API server writes it back.
//
//   auto request = base::Quantity::parse("1500m");
//   auto limit = base::Quantity::parse("2");
//   if (*request > *limit) { ... }
//   base::Quantity::parse("1024Mi")->str()     // "1Gi"
//   base::sameQuantity("1000m", "1")           // true
//
// As in Kubernetes, one billionth is the smallest step (what is finer is rounded away from zero)
// and 2^63-1 the largest value (what is larger becomes that). Thread safety: as for a plain value.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

class Quantity {
  public:
    // How it was written; kept when it is printed, unless that would lose something.
    enum class Form { Decimal, Binary, Exponent };  // 1.5k, 64Mi, 12e6

    // Error: what is wrong, with the text and examples of what is right.
    static Result<Quantity> parse(std::string_view text);

    Quantity() = default;  // 0

    Form form() const { return form_; }
    // In billionths.
    __int128 nanos() const { return nanos_; }
    bool negative() const { return nanos_ < 0; }
    // The canonical form: no fraction, the largest suffix that needs none. Equal quantities of one
    // form print the same.
    std::string str() const;

    // By value alone: "1000m" == "1".
    bool operator==(const Quantity& other) const { return nanos_ == other.nanos_; }
    std::strong_ordering operator<=>(const Quantity& other) const;

  private:
    Quantity(__int128 nanos, Form form) : nanos_(nanos), form_(form) {}

    __int128 nanos_ = 0;
    Form form_ = Form::Decimal;
};

// True when both are the same text or the same quantity.
bool sameQuantity(std::string_view a, std::string_view b);

}  // namespace base
