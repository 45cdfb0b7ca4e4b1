#include "plan/strategic_merge.h"

#include <algorithm>
#include <map>
#include <string>

namespace plan {
namespace {

using base::Json;

constexpr const char* kDirective = "$patch";

// Of the lists of a pod that the API merges by a key; null: it replaces the list.
const char* keyOf(const std::string& list) {
    static const std::map<std::string, const char*> kKeys{
        {"containers", "name"},
        {"initContainers", "name"},
        {"volumes", "name"},
        {"env", "name"},
        {"imagePullSecrets", "name"},
        {"resourceClaims", "name"},
        {"volumeMounts", "mountPath"},
        {"volumeDevices", "devicePath"},
        {"ports", "containerPort"},
        {"hostAliases", "ip"},
        {"topologySpreadConstraints", "topologyKey"}};
    auto found = kKeys.find(list);
    return found == kKeys.end() ? nullptr : found->second;
}

class Merge {
  public:
    base::Status status;

    void maps(Json& into, const Json& patch, const std::string& path) {
        auto directive = directiveOf(patch, path);
        if (directive == "replace") {
            into = without(patch);
            return;
        }
        for (const auto& [name, value] : patch.items()) {
            if (name == kDirective) {
                continue;
            }
            std::string at = path.empty() ? name : path + "." + name;
            if (name.starts_with("$")) {
                fail(at + ": there is no such directive, use `$patch`");
            } else if (value.is_null()) {
                into.erase(name);
            } else {
                field(into, name, value, at);
            }
        }
    }

  private:
    void fail(const std::string& what) {
        if (status) {
            status = base::fail(what);
        }
    }

    static Json without(Json patch) {
        patch.erase(kDirective);
        return patch;
    }

    std::string directiveOf(const Json& patch, const std::string& path) {
        auto found = patch.find(kDirective);
        if (found == patch.end()) {
            return "";
        }
        if (*found != "delete" && *found != "replace") {
            fail(path + ".$patch: must be `delete` or `replace`");
            return "";
        }
        return found->get<std::string>();
    }

    void field(Json& into, const std::string& name, const Json& value, const std::string& path) {
        const char* key = keyOf(name);
        bool items = value.is_array() && key != nullptr;
        if (value.is_object()) {
            if (!into.contains(name) || !into[name].is_object()) {
                into[name] = Json::object();
            }
            maps(into[name], value, path);
            if (value.value(kDirective, "") == "delete") {
                into.erase(name);
            }
        } else if (items) {
            if (!into.contains(name) || !into[name].is_array()) {
                into[name] = Json::array();
            }
            lists(into[name], value, key, path);
        } else {
            into[name] = value;
        }
    }

    void lists(Json& into, const Json& patch, const char* key, const std::string& path) {
        for (const auto& item : patch) {
            if (!item.is_object() || !item.contains(key)) {
                fail(path + ": every item must have `" + key + "`, by which it is found");
                return;
            }
            auto found = std::find_if(into.begin(), into.end(), [&](const Json& one) {
                return one.is_object() && one.value(key, Json()) == item.at(key);
            });
            bool there = found != into.end();
            if (directiveOf(item, path) == "delete") {
                if (there) {
                    into.erase(found);
                }
                continue;
            }
            if (!there) {
                into.push_back(Json::object());
                found = std::prev(into.end());
            }
            maps(*found, item, path + "[" + base::dumpJson(item.at(key)) + "]");
        }
    }
};

}  // namespace

base::Status strategicMerge(Json& object, const Json& patch) {
    Merge merge;
    merge.maps(object, patch, "");
    return merge.status;
}

}  // namespace plan
