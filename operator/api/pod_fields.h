// What every tier of pods may say about them, in the same words: resources, and the bounded
// overrides for what no field covers.
//
//   spec.object("resources", [&](Fields& from) { api::readResources(from, web.resources); });
//   spec.object("overrides", [&](Fields& from) { api::readOverrides(from, web.overrides); });
//
// Thread safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/fields.h"

namespace api {

struct NameValue {
    std::string name;
    std::string value;
    bool operator==(const NameValue&) const = default;
};

// Quantities by resource name, as written: {"cpu": "100m"}.
using Quantities = std::map<std::string, std::string>;

struct Resources {
    Quantities requests;
    Quantities limits;
    bool operator==(const Resources&) const = default;
};

struct Toleration {
    std::string key;
    std::string operator_ = "Equal";
    std::string value;
    std::string effect;  // empty: all
    std::optional<int64_t> tolerationSeconds;
    bool operator==(const Toleration&) const = default;
};

struct Overrides {
    std::vector<NameValue> labels;
    std::vector<NameValue> annotations;
    std::map<std::string, std::string> nodeSelector;
    std::vector<Toleration> tolerations;
    std::string serviceAccountName;
    std::vector<std::string> imagePullSecrets;
    std::string podTemplatePatch;  // a strategic merge patch of the pod template, as text
    bool operator==(const Overrides&) const = default;
};

void readResources(Fields& resources, Resources& out);
void readOverrides(Fields& from, Overrides& out);
// Of an object of the operator's own, beside the annotations that it writes itself.
void readAnnotations(Fields& from, std::vector<NameValue>& out);

}  // namespace api
