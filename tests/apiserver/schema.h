// What the API server knows of the shape of the kinds that our code deals with: how lists merge,
// what is one value although it looks like several, what is filled in.
//
//   schemaAt("spec.template.spec.containers").keys   // {"name"}
//   fillIn("Deployment", object);                    // spec.replicas: 1
//
// A path is the names of the fields from the top, list items left out. What is not listed is a map
// when it is an object and atomic when it is a list, as in a definition without hints.
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace test {

struct Shape {
    enum class Kind { Granular, Atomic, KeyedList, Set };
    Kind kind = Kind::Granular;
    std::vector<std::string> keys{};
};

// The shape of a list or object at that path.
Shape shapeAt(const std::string& path, const base::Json& value);
// `k:{...}` of an item; keys that are missing have their default (protocol is TCP).
std::string keyStep(const std::vector<std::string>& keys, const base::Json& item);

// What the API server or a controller beside it fills in where nobody says otherwise.
void fillIn(const std::string& kind, base::Json& object);
// Whether metadata.generation counts for the kind.
bool hasGeneration(const std::string& kind);
// A kind that came with a definition, not with Kubernetes.
bool isCustom(const std::string& apiVersion);
// "Pod" of "pods"; empty when the name is none of those that are listed.
std::string kindOf(const std::string& plural);

}  // namespace test
