#include "plan/diff.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>

#include "base/json.h"
#include "base/quantity.h"

namespace plan {
namespace {

using base::Json;

// Lists that the API server merges by a key; every other list is compared as a whole.
const char* mergeKey(const std::string& list, const Json& item) {
    static const std::map<std::string, const char*> kKeys{
        {"containers", "name"},       {"initContainers", "name"},
        {"volumes", "name"},          {"env", "name"},
        {"imagePullSecrets", "name"}, {"volumeMounts", "mountPath"},
        {"ownerReferences", "uid"},   {"topologySpreadConstraints", "topologyKey"}};
    if (list == "ports") {
        return item.contains("containerPort") ? "containerPort" : "port";
    }
    auto found = kKeys.find(list);
    return found == kKeys.end() ? nullptr : found->second;
}

// The API server leaves out what is empty.
bool isEmpty(const Json& value) {
    return value.is_null() || (value.is_structured() && value.empty()) || value == "";
}

std::string asText(const Json& value) {
    return value.is_string() ? value.get<std::string>() : base::dumpJson(value);
}

bool differsAt(const Json& wanted, const Json& seen, const std::string& name, bool quantities);

bool sameItem(const Json& a, const Json& b, const char* key) {
    if (!b.is_object() || !b.contains(key) || a.at(key) != b.at(key)) {
        return false;
    }
    // Two ports may share a number when their protocols differ.
    return a.value("protocol", "TCP") == b.value("protocol", "TCP");
}

bool listDiffers(const Json& wanted, const Json& seen, const std::string& name) {
    const char* key = wanted.front().is_object() ? mergeKey(name, wanted.front()) : nullptr;
    if (key == nullptr) {
        return wanted.size() != seen.size() ||
               !std::equal(
                   wanted.begin(), wanted.end(), seen.begin(),
                   [&](const Json& a, const Json& b) { return !differsAt(a, b, name, false); });
    }
    return std::any_of(wanted.begin(), wanted.end(), [&](const Json& item) {
        if (!item.is_object() || !item.contains(key)) {
            return true;
        }
        auto match = std::find_if(seen.begin(), seen.end(), [&](const Json& candidate) {
            return sameItem(item, candidate, key);
        });
        return match == seen.end() || differsAt(item, *match, name, false);
    });
}

bool objectDiffers(const Json& wanted, const Json& seen, const std::string& name) {
    bool quantities = name == "requests" || name == "limits";
    for (const auto& [key, value] : wanted.items()) {
        auto found = seen.find(key);
        if (found == seen.end() || found->is_null()) {
            if (!isEmpty(value)) {
                return true;
            }
        } else if (differsAt(value, *found, key, quantities)) {
            return true;
        }
    }
    return false;
}

bool differsAt(const Json& wanted, const Json& seen, const std::string& name, bool quantities) {
    if (isEmpty(wanted)) {
        return !isEmpty(seen);
    }
    if (wanted.is_object() && seen.is_object()) {
        return objectDiffers(wanted, seen, name);
    }
    if (wanted.is_array() && seen.is_array()) {
        return listDiffers(wanted, seen, name);
    }
    if (quantities) {
        return !base::sameQuantity(asText(wanted), asText(seen));
    }
    return wanted != seen;
}

}  // namespace

bool differs(const Json& intent, const Json& observed) {
    return differsAt(intent, observed, "", false);
}

std::string intentHash(const Json& intent) {
    nlohmann::json sorted = intent;
    auto metadata = sorted.find("metadata");
    if (metadata != sorted.end() && metadata->contains("annotations")) {
        (*metadata)["annotations"].erase(kHashAnnotation);
    }
    // FNV-1a: it has to tell two intents of one object apart, not to withstand an adversary.
    uint64_t hash = 0xcbf29ce484222325U;
    for (unsigned char byte :
         sorted.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) {
        hash = (hash ^ byte) * 0x100000001b3U;
    }
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
    return text;
}

}  // namespace plan
