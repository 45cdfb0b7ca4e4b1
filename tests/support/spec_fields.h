// Every field of a ScalableApp's spec, read off the schema, with two good values each: a test that
// walks over them covers a new field by itself.
//
//   for (const auto& field : test::specFields(schema)) {
//       Json a = field.specs[0], b = field.specs[1];      // differ in field.path alone
//   }
//
// Thread safety: pure functions.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace test {

struct SpecField {
    std::string path;                   // "web.env[].valueFrom.secretKeyRef.key"
    std::array<base::Json, 2> specs;    // whole specs, each with a value of the field
    std::optional<base::Json> without;  // the same without it; nothing where it is required
    // specs[0] has the default of the schema: it must mean the same as `without`.
    bool beginsWithDefault = false;
};

// Management has no children of its own: it decides whether there are any. What is only exported
// has none at all.
bool isAboutChildren(const SpecField& field);

// The spec's schema in the definition that the folder of definitions has. Throws where it has none.
base::Json specSchema(const std::string& folder);

std::vector<SpecField> specFields(const base::Json& schema);

}  // namespace test
