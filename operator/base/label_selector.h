// A label selector as a value, in both of its forms: the text of kubectl and of list requests, and
// the LabelSelector object of specs.
//
//   auto shop = base::LabelSelector::parse("app=shop,tier in (web,db),!canary");
//   if (shop->matches(pod.labels)) { ... }
//   shop->str()                              // sorted, as it goes into ?labelSelector=
//   auto same = base::LabelSelector::fromJson(deployment.at("spec").at("selector"));
//
// The empty selector matches everything. Thread safety: as for a plain value.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "base/result.h"

namespace base {

class LabelSelector {
  public:
    enum class Operator { In, NotIn, Exists, DoesNotExist, GreaterThan, LessThan };
    struct Requirement {
        std::string key;
        Operator op = Operator::Exists;
        std::set<std::string> values;  // one for GreaterThan and LessThan
        auto operator<=>(const Requirement&) const = default;
    };
    using Labels = std::map<std::string, std::string>;

    LabelSelector() = default;
    // "a=b", "a==b", "a!=b", "a in (b,c)", "a notin (b,c)", "a", "!a", "a>5", "a<5", joined by
    // commas. Error: where and what, or which key or value cannot be a label's.
    static Result<LabelSelector> parse(std::string_view text);
    // {"matchLabels": {...}, "matchExpressions": [...]}. Error: the field and the remedy.
    static Result<LabelSelector> fromJson(const Json& object);

    bool matches(const Labels& labels) const;
    bool empty() const { return requirements_.empty(); }
    // Sorted by key; parse(str()) is the same selector.
    const std::vector<Requirement>& requirements() const { return requirements_; }
    std::string str() const;
    // The object form. Error: GreaterThan and LessThan have none.
    Result<Json> json() const;

    bool operator==(const LabelSelector&) const = default;

  private:
    static Result<LabelSelector> checked(std::vector<Requirement> requirements);

    std::vector<Requirement> requirements_;
};

}  // namespace base
