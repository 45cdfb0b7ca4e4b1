// YAML as kubectl reads it, to JSON and back.
//
//   auto documents = cli::parseYaml(text);          // several, separated by ---; JSON is YAML too
//   documents->front().lineOf("spec.web.port");     // 7
//   std::cout << cli::toYaml(documents->front().value);
//
// Plain scalars become null, booleans and numbers by kubectl's rules (yes, on and 0x1F included);
// quoted ones stay strings. Anchors and merge keys are resolved; a key given twice, or one document
// that unfolds into more than 100000 values, is an error.
// Thread safety: pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cli {

struct YamlDocument {
    base::Json value;
    int line = 1;                      // where it begins, counted from 1
    std::map<std::string, int> lines;  // by path: "spec.web.env[0].name"

    // The line of the field, or of the closest one above it that is there.
    int lineOf(std::string path) const;
};

// Empty documents are left out. Error: "line 3: ...".
base::Result<std::vector<YamlDocument>> parseYaml(const std::string& text);

// Block style, two spaces; ends with a line break. Reads back as the same value.
std::string toYaml(const base::Json& value);

// The JSON value of a plain (unquoted) scalar.
base::Json plainScalar(const std::string& text);

}  // namespace cli
