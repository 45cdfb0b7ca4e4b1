#include "plan/diff.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string_view>
#include <vector>

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

void collect(const Json& wanted, const Json& seen, const std::string& name, bool quantities,
             const Json::json_pointer& at, std::vector<Difference>& out);

void collectMembers(const Json& wanted, const Json& seen, const std::string& name,
                    const Json::json_pointer& at, std::vector<Difference>& out) {
    bool quantities = name == "requests" || name == "limits";
    for (const auto& [key, value] : wanted.items()) {
        auto found = seen.find(key);
        if (found != seen.end() && !found->is_null()) {
            collect(value, *found, key, quantities, at / key, out);
        } else if (!isEmpty(value)) {
            out.push_back({(at / key).to_string(), value, nullptr});
        }
    }
}

// False: the lists differ as a whole.
bool collectItems(const Json& wanted, const Json& seen, const std::string& name,
                  const Json::json_pointer& at, std::vector<Difference>& out) {
    const char* key = wanted.front().is_object() ? mergeKey(name, wanted.front()) : nullptr;
    std::vector<Difference> items;
    for (const auto& item : wanted) {
        auto match = std::find_if(seen.begin(), seen.end(), [&](const Json& candidate) {
            return key != nullptr && item.is_object() && item.contains(key) &&
                   sameItem(item, candidate, key);
        });
        if (match == seen.end()) {
            return false;
        }
        collect(item, *match, name, false, at / static_cast<size_t>(match - seen.begin()), items);
    }
    out.insert(out.end(), items.begin(), items.end());
    return true;
}

void collect(const Json& wanted, const Json& seen, const std::string& name, bool quantities,
             const Json::json_pointer& at, std::vector<Difference>& out) {
    if (!differsAt(wanted, seen, name, quantities)) {
        return;
    }
    bool full = !isEmpty(wanted);
    if (full && wanted.is_object() && seen.is_object()) {
        collectMembers(wanted, seen, name, at, out);
    } else if (!full || !wanted.is_array() || !seen.is_array() ||
               !collectItems(wanted, seen, name, at, out)) {
        out.push_back({at.to_string(), wanted, seen});
    }
}

// FNV-1a: it has to tell two intents of one object apart, not to withstand an adversary.
class Hash {
  public:
    void add(std::string_view bytes) {
        for (unsigned char byte : bytes) {
            value_ = (value_ ^ byte) * 0x100000001b3U;
        }
    }
    uint64_t value() const { return value_; }

  private:
    uint64_t value_ = 0xcbf29ce484222325U;
};

bool isPlain(const std::string& text) {
    constexpr unsigned char kFirst = ' ';
    constexpr unsigned char kLast = '~';
    return std::all_of(text.begin(), text.end(), [](char c) {
        auto byte = static_cast<unsigned char>(c);
        return byte >= kFirst && byte <= kLast && c != '"' && c != '\\';
    });
}

void addText(const std::string& text, Hash& hash) {
    if (isPlain(text)) {
        hash.add("\"");
        hash.add(text);
        hash.add("\"");
    } else {
        hash.add(base::dumpJson(text));
    }
}

// The bytes of the compact text with sorted keys, which is never made.
void addSorted(const Json& value, Hash& hash, const Json* leftOut) {
    if (value.is_object()) {
        std::vector<const Json::object_t::value_type*> members;
        for (const auto& member : value.get_ref<const Json::object_t&>()) {
            if (&member.second != leftOut) {
                members.push_back(&member);
            }
        }
        std::sort(members.begin(), members.end(),
                  [](const auto* a, const auto* b) { return a->first < b->first; });
        hash.add("{");
        for (const auto* member : members) {
            hash.add(member == members.front() ? "" : ",");
            addText(member->first, hash);
            hash.add(":");
            addSorted(member->second, hash, leftOut);
        }
        hash.add("}");
    } else if (value.is_array()) {
        hash.add("[");
        for (const auto& item : value) {
            hash.add(&item == &value.front() ? "" : ",");
            addSorted(item, hash, leftOut);
        }
        hash.add("]");
    } else if (value.is_string()) {
        addText(value.get_ref<const std::string&>(), hash);
    } else {
        hash.add(base::dumpJson(value));
    }
}

}  // namespace

bool differs(const Json& intent, const Json& observed) {
    return differsAt(intent, observed, "", false);
}

std::vector<Difference> differences(const Json& intent, const Json& observed) {
    std::vector<Difference> out;
    collect(intent, observed, "", false, Json::json_pointer(), out);
    return out;
}

std::string intentHash(const Json& intent) {
    static const std::string kPointer =
        std::string("/metadata/annotations/") + "scalableapp.dev~1intent-hash";
    Hash hash;
    addSorted(intent, hash, base::at(intent, kPointer));
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash.value()));
    return text;
}

}  // namespace plan
