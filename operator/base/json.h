// JSON as a mutable tree: intents to be built and single objects to be looked at. Large or many
// documents (lists, watch lines, the cache) stay text and go through kube/object.h.
//
//   auto spec = base::parseJson(text);
//   if (!spec) { ... }
//   int64_t replicas = base::intAt(*spec, "/spec/replicas").value_or(1);
//
// Thread safety: as for a plain value. No function here throws.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "base/ordered_map.h"
#include "base/result.h"

// Compiled once, in json.cpp, instead of in every source that builds a tree.
extern template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace base {

// What a reader does not want to see, by pointers; a list on the way stands for each of its
// elements:
//
//   static const base::JsonOutline kOutline{"/spec/template", "/spec/containers/env"};
//
// Immutable, share freely.
class JsonOutline {
  public:
    JsonOutline(std::initializer_list<std::string_view> leftOut);
    ~JsonOutline();
    JsonOutline(const JsonOutline&) = delete;
    JsonOutline& operator=(const JsonOutline&) = delete;

  private:
    friend class JsonBuilder;
    struct Node;
    std::unique_ptr<Node> root_;
};

// Error: what is wrong and at which byte. With an outline, what it leaves out is not built.
Result<Json> parseJson(std::string_view text, const JsonOutline* outline = nullptr);

// The same of text that a parser has passed already, and that nobody needs afterwards: read in its
// own memory, without looking at its encoding again. Twice as fast.
Result<Json> parseCheckedJson(std::string text, const JsonOutline* outline = nullptr);

// Compact text; bytes that are not UTF-8 are replaced, never thrown about.
std::string dumpJson(const Json& value);

// Pretty text with two spaces, for people.
std::string dumpJsonPretty(const Json& value);

// Look-ups by RFC 6901 pointer ("/spec/replicas"). Absent, null or of another type:
// nullptr/nullopt.
const Json* at(const Json& value, std::string_view pointer);
std::optional<std::string> stringAt(const Json& value, std::string_view pointer);
std::optional<int64_t> intAt(const Json& value, std::string_view pointer);
std::optional<bool> boolAt(const Json& value, std::string_view pointer);
// The text there, or `otherwise`.
std::string textAt(const Json& value, std::string_view pointer, std::string_view otherwise = "");
// Equal but for the order of members: API servers sort them.
bool sameJson(const Json& a, const Json& b);

// The array at the pointer, or an empty one: made for range-for.
const Json& arrayAt(const Json& value, std::string_view pointer);

}  // namespace base
