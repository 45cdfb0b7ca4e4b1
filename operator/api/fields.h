// Reads one JSON object field by field and remembers the first thing that is wrong with it, in the
// words of the API server: "spec.web.port: Invalid value: 0: must be between 1 and 65535".
//
//   api::Problem problem;
//   api::Fields web(spec["web"], "spec.web", problem);
//   web.integer("port", port, 1, 65535);
//   web.end();                                     // refuses what nobody asked for
//   if (!problem.text.empty()) { return base::fail(problem.text); }
//
// Thread safety: as for a plain value. It refers to the object and the problem: both must outlive
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/text.h"

namespace api {

struct Problem {
    std::string text;  // empty: nothing is wrong so far
    bool refuseUnknown = true;

    bool found() const { return !text.empty(); }
    void add(const std::string& what) {
        if (text.empty()) {
            text = base::oneLine(what);  // names and values may hold anything
        }
    }
};

struct TextBounds {
    size_t least = 0;
    size_t most = 0;
};

class Fields {
  public:
    // Anything but an object is a problem, and reads as an empty one.
    Fields(const base::Json& object, std::string path, Problem& problem);

    // Null: the field is absent (an explicit null counts as absent, as in the API server).
    const base::Json* find(const char* name);
    const base::Json* require(const char* name, const char* remedy);

    void text(const char* name, std::string& out, TextBounds bounds);
    void text(const char* name, std::optional<std::string>& out, TextBounds bounds);
    void requiredText(const char* name, std::string& out, TextBounds bounds, const char* remedy);
    void integer(const char* name, int64_t& out, int64_t least, int64_t most);
    void integer(const char* name, std::optional<int64_t>& out, int64_t least, int64_t most);
    void oneOf(const char* name, std::string& out, const std::vector<std::string>& values);
    void texts(const char* name, std::vector<std::string>& out, size_t maxItems, size_t maxLength);
    void textMap(const char* name, std::map<std::string, std::string>& out, size_t maxProperties,
                 size_t maxLength);
    // Calls `read` with each object of a list and its path.
    void list(const char* name, size_t maxItems, const std::function<void(Fields&)>& read);
    // Calls `read` when the field is there.
    void object(const char* name, const std::function<void(Fields&)>& read);

    // A rule across fields: a problem when it does not hold.
    void rule(bool holds, const std::string& message);
    // Names within a list must differ: the list's key in the schema.
    void unique(const std::string& name, std::set<std::string>& seen);

    // Refuses fields that nothing above asked for.
    void end();

    std::string pathOf(const std::string& name) const;
    const std::string& path() const { return path_; }
    Problem& problem() { return problem_; }

  private:
    // Every item of a list with its path, once the list itself is sound.
    void items(const char* name, size_t maxItems,
               const std::function<void(const base::Json&, const std::string&)>& each);
    void invalid(const std::string& path, const base::Json& value, const std::string& remedy);
    bool textWithin(const std::string& path, const base::Json& value, TextBounds bounds);

    const base::Json& object_;
    std::string path_;
    Problem& problem_;
    std::vector<std::string> known_;
};

// The one of `candidates` that was probably meant; empty: none is close.
std::string didYouMean(const std::string& text, const std::vector<std::string>& candidates);

}  // namespace api
