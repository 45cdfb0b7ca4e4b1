#include "plan/pod_resources.h"

#include <algorithm>
#include <vector>

#include "base/quantity.h"
#include "plan/diff.h"

namespace plan {
namespace {

using base::Json;
using base::textAt;

constexpr const char* kContainers = "/spec/containers";
constexpr const char* kParts[] = {"requests", "limits"};

std::string amountText(const Json& amount) {
    return amount.is_string() ? amount.get<std::string>() : base::dumpJson(amount);
}

const Json* amountAt(const Json& resources, const char* part, const std::string& name) {
    auto amounts = resources.find(part);
    if (amounts == resources.end() || !amounts->is_object()) {
        return nullptr;
    }
    auto found = amounts->find(name);
    return found == amounts->end() ? nullptr : &*found;
}

bool sameAmount(const Json* a, const Json* b) {
    return a != nullptr && b != nullptr && base::sameQuantity(amountText(*a), amountText(*b));
}

// Every amount of one is in the other.
bool includes(const Json& all, const Json& some) {
    for (const char* part : kParts) {
        const auto amounts = some.value(part, Json::object());
        for (const auto& [name, amount] : amounts.items()) {
            if (!sameAmount(&amount, amountAt(all, part, name))) {
                return false;
            }
        }
    }
    return true;
}

Json resourcesOfContainer(const Json& container) {
    return container.value("resources", Json::object());
}

// As a pod has them: a limit without a request is the request as well.
Json inForce(const Json& container) {
    Json out = resourcesOfContainer(container);
    const auto limits = out.value("limits", Json::object());
    for (const auto& [name, amount] : limits.items()) {
        if (amountAt(out, "requests", name) == nullptr) {
            out["requests"][name] = amount;
        }
    }
    return out;
}

const Json* containerNamed(const Json& list, const std::string& name) {
    auto found = std::find_if(list.begin(), list.end(),
                              [&](const Json& one) { return textAt(one, "/name") == name; });
    return found == list.end() ? nullptr : &*found;
}

// Every container of the template, as `list` knows it, has what the template asks for.
bool allHave(const Json& list, const Json& podTemplate) {
    const auto& wanted = base::arrayAt(podTemplate, kContainers);
    return std::all_of(wanted.begin(), wanted.end(), [&](const Json& container) {
        const auto* one = containerNamed(list, textAt(container, "/name"));
        return one != nullptr && includes(resourcesOfContainer(*one), inForce(container));
    });
}

// --- what needs a restart

constexpr const char* kResizable[] = {"cpu", "memory"};

bool isGuaranteed(const Json& container) {
    Json resources = inForce(container);
    return std::all_of(std::begin(kResizable), std::end(kResizable), [&](const char* name) {
        return sameAmount(amountAt(resources, "requests", name),
                          amountAt(resources, "limits", name));
    });
}

bool asksForNothing(const Json& container) {
    Json resources = inForce(container);
    return std::all_of(std::begin(kResizable), std::end(kResizable), [&](const char* name) {
        return amountAt(resources, "requests", name) == nullptr;
    });
}

std::string qosClass(const Json& podTemplate) {
    bool guaranteed = true;
    bool bestEffort = true;
    for (const char* list : {kContainers, "/spec/initContainers"}) {
        for (const auto& container : base::arrayAt(podTemplate, list)) {
            guaranteed = guaranteed && isGuaranteed(container);
            bestEffort = bestEffort && asksForNothing(container);
        }
    }
    return bestEffort ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

// "limits.memory of container web"
std::string fieldName(const Json& container, const char* part, const std::string& name) {
    return "`" + std::string(part) + "." + name + "` of container " + textAt(container, "/name");
}

bool isLower(const Json& to, const Json& from) {
    auto a = base::Quantity::parse(amountText(to));
    auto b = base::Quantity::parse(amountText(from));
    return a && b && *a < *b;
}

bool restartsFor(const Json& container, const std::string& name) {
    const auto& policies = base::arrayAt(container, "/resizePolicy");
    return std::any_of(policies.begin(), policies.end(), [&](const Json& policy) {
        return textAt(policy, "/resourceName") == name &&
               textAt(policy, "/restartPolicy") == "RestartContainer";
    });
}

std::string changeProblem(const Json& container, const char* part, const std::string& name,
                          const Json* from, const Json* to) {
    auto field = fieldName(container, part, name);
    bool resizable =
        std::find(std::begin(kResizable), std::end(kResizable), name) != std::end(kResizable);
    if (!resizable) {
        return field + " changes, and only cpu and memory can in place";
    }
    if (to == nullptr) {
        return field + " goes, and in place none can";
    }
    if (from != nullptr && std::string(part) == "limits" && name == "memory" &&
        isLower(*to, *from)) {
        return field + " is lowered, below what the container may use already";
    }
    return restartsFor(container, name)
               ? field + " changes, and its `resizePolicy` is RestartContainer"
               : "";
}

std::string partProblem(const Json& container, const Json& before, const Json& after,
                        const char* part) {
    Json names = before.value(part, Json::object());
    names.update(after.value(part, Json::object()));
    for (const auto& [name, amount] : names.items()) {
        const auto* from = amountAt(before, part, name);
        const auto* to = amountAt(after, part, name);
        if (!sameAmount(from, to)) {
            auto problem = changeProblem(container, part, name, from, to);
            if (!problem.empty()) {
                return problem;
            }
        }
    }
    return "";
}

// --- patches

Json testOf(const std::string& path, const Json& value) {
    return {{"op", "test"}, {"path", path}, {"value", value}};
}

Json testOfUid(const Json& object) {
    return testOf("/metadata/uid", textAt(object, "/metadata/uid"));
}

// What is not asked for stays: a default of the namespace, a claim.
Json merged(Json resources, const Json& wanted) {
    for (const char* part : kParts) {
        const auto amounts = wanted.value(part, Json::object());
        for (const auto& [name, amount] : amounts.items()) {
            resources[part][name] = amount;
        }
    }
    return resources;
}

Json replaced(Json resources, const Json& wanted) {
    for (const char* part : kParts) {
        resources.erase(part);
    }
    return merged(std::move(resources), wanted);
}

template <typename ResourcesFor>
Json patchOf(const Json& object, const std::string& containers, const Json& podTemplate,
             ResourcesFor resourcesFor) {
    auto out = Json::array({testOfUid(object)});
    const auto& list = base::arrayAt(object, containers);
    for (size_t i = 0; i < list.size(); ++i) {
        const auto* wanted =
            containerNamed(base::arrayAt(podTemplate, kContainers), textAt(list[i], "/name"));
        if (wanted == nullptr) {
            continue;
        }
        auto path = containers + "/" + std::to_string(i);
        out.push_back(testOf(path + "/name", list[i]["name"]));
        out.push_back({{"op", "add"},
                       {"path", path + "/resources"},
                       {"value", resourcesFor(resourcesOfContainer(list[i]), *wanted)}});
    }
    return out;
}

}  // namespace

Json withoutResources(Json podTemplate) {
    return withResourcesOf(std::move(podTemplate), Json::object());
}

Json withResourcesOf(Json podTemplate, const Json& from) {
    for (auto& container : podTemplate["spec"]["containers"]) {
        const auto* source =
            containerNamed(base::arrayAt(from, kContainers), textAt(container, "/name"));
        Json resources =
            replaced(resourcesOfContainer(container),
                     source == nullptr ? Json::object() : resourcesOfContainer(*source));
        if (resources.empty()) {
            container.erase("resources");
        } else {
            container["resources"] = std::move(resources);
        }
    }
    return podTemplate;
}

std::string digestWithoutResources(const Json& podTemplate) {
    return intentHash(withoutResources(podTemplate));
}

std::string digestOfResources(const Json& podTemplate) {
    Json all = Json::object();
    for (const auto& container : base::arrayAt(podTemplate, kContainers)) {
        all[textAt(container, "/name")] = resourcesOfContainer(container);
    }
    return intentHash(all);
}

bool sameResources(const Json& a, const Json& b) {
    const auto& these = base::arrayAt(a, kContainers);
    return std::all_of(these.begin(), these.end(), [&](const Json& container) {
        const auto* other =
            containerNamed(base::arrayAt(b, kContainers), textAt(container, "/name"));
        if (other == nullptr) {
            return false;
        }
        Json mine = resourcesOfContainer(container);
        Json others = resourcesOfContainer(*other);
        return includes(mine, others) && includes(others, mine);
    });
}

bool hasResources(const Json& pod, const Json& podTemplate) {
    return allHave(base::arrayAt(pod, kContainers), podTemplate);
}

bool usesResources(const Json& pod, const Json& podTemplate) {
    return allHave(base::arrayAt(pod, "/status/containerStatuses"), podTemplate);
}

std::string resizeProblem(const Json& from, const Json& to) {
    if (base::at(to, "/spec/resources") != nullptr) {
        return "the pod as a whole has `resources`";
    }
    for (const auto& container : base::arrayAt(to, kContainers)) {
        const auto* before =
            containerNamed(base::arrayAt(from, kContainers), textAt(container, "/name"));
        for (const char* part : kParts) {
            auto problem = before == nullptr
                               ? std::string("container " + textAt(container, "/name") + " is new")
                               : partProblem(container, inForce(*before), inForce(container), part);
            if (!problem.empty()) {
                return problem;
            }
        }
    }
    auto before = qosClass(from);
    auto after = qosClass(to);
    return before == after ? "" : "the pods' QoS class changes from " + before + " to " + after;
}

Json podResize(const Json& pod, const Json& podTemplate) {
    return patchOf(pod, kContainers, podTemplate, [](Json resources, const Json& container) {
        return merged(std::move(resources), inForce(container));
    });
}

Json replicaSetResize(const Json& replicaSet, const Json& podTemplate) {
    return patchOf(replicaSet, "/spec/template/spec/containers", podTemplate,
                   [](Json resources, const Json& container) {
                       return replaced(std::move(resources), resourcesOfContainer(container));
                   });
}

}  // namespace plan
