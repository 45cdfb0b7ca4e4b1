#include "reconcile/status.h"

#include <algorithm>
#include <iterator>

#include "api/condition.h"
#include "base/json.h"
#include "reconcile/observe.h"
#include "reconcile/resources.h"

namespace reconcile {
namespace {

// A line that a person reads; the definition's own bound is far above.
constexpr size_t kLongest = 1000;

constexpr const char* kReasons[] = {kObjectConflict, kForbidden, kApplyFailed, kInvalidSpec};

api::Conditions conditionsOf(const base::Json& status) {
    return api::parseConditions(base::arrayAt(status, "/conditions"));
}

// What was true before and still is has not changed, even if a step in between said otherwise.
void keepTransitionTimes(api::Conditions& conditions, const base::Json& app) {
    auto before = api::parseConditions(base::arrayAt(app, "/status/conditions"));
    for (auto& condition : conditions) {
        const auto* old = api::findCondition(before, condition.type);
        if (old != nullptr && old->status == condition.status) {
            condition.lastTransitionTime = old->lastTransitionTime;
        }
    }
}

// All of them in one line: the first is the cause that is told, the others are counted.
std::string summary(const std::vector<Problem>& problems) {
    std::string out = problems.front().message.substr(0, kLongest);
    if (problems.size() > 1) {
        out += " (and " + std::to_string(problems.size() - 1) + " more)";
    }
    return out;
}

void setAll(base::Json& status, const Problem& problem, const std::string& message,
            const base::Json& app, base::WallTime now) {
    auto conditions = conditionsOf(status);
    auto generation = base::intAt(app, "/metadata/generation").value_or(0);
    auto set = [&](const char* type, const char* value) {
        api::setCondition(conditions,
                          {.type = type,
                           .status = value,
                           .reason = problem.reason,
                           .message = message,
                           .observedGeneration = generation,
                           .lastTransitionTime = ""},
                          now);
    };
    set("Ready", api::kFalse);
    // As everywhere: what is wrong is there and True, or not there.
    set(problem.stalled ? "Stalled" : "Reconciling", api::kTrue);
    api::removeCondition(conditions, problem.stalled ? "Reconciling" : "Stalled");
    keepTransitionTimes(conditions, app);
    status["observedGeneration"] = generation;
    status["conditions"] = api::toJson(conditions);
}

// Nulls and empty objects and lists: what server-side apply leaves behind where the last field of
// an object went is no difference.
bool isNothing(const base::Json& value) {
    if (value.is_object()) {
        return std::all_of(value.begin(), value.end(), isNothing);
    }
    return value.is_null() || (value.is_array() && value.empty());
}

bool sameEssence(const base::Json& a, const base::Json& b) {
    if (a.is_object() && b.is_object()) {
        auto within = [](const base::Json& some, const base::Json& other, bool compare) {
            const auto& members = some.get_ref<const base::Json::object_t&>();
            return std::all_of(members.begin(), members.end(), [&](const auto& member) {
                if (isNothing(member.second)) {
                    return true;
                }
                auto there = other.find(member.first);
                return there != other.end() &&
                       (compare ? sameEssence(member.second, *there) : !isNothing(*there));
            });
        };
        return within(a, b, true) && within(b, a, false);
    }
    if (a.is_array() && b.is_array()) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), sameEssence);
    }
    return a == b;
}

}  // namespace

base::Json withProblems(base::Json status, const std::vector<Problem>& problems,
                        const base::Json& app, base::WallTime now) {
    if (problems.empty()) {
        return status;
    }
    Problem first = problems.front();
    for (const auto& problem : problems) {
        first.stalled = first.stalled || problem.stalled;
    }
    setAll(status, first, summary(problems), app, now);
    return status;
}

base::Json invalidSpec(const base::Json& app, const std::string& message, base::WallTime now) {
    const auto* before = base::at(app, "/status");
    base::Json status = before == nullptr ? base::Json::object() : *before;
    setAll(status, {.reason = kInvalidSpec, .message = message}, message, app, now);
    return status;
}

void forgetProblems(api::Conditions& conditions) {
    std::erase_if(conditions, [](const api::Condition& condition) {
        bool ours = std::find(std::begin(kReasons), std::end(kReasons), condition.reason) !=
                    std::end(kReasons);
        return ours && (condition.type == "Stalled" || condition.type == "Reconciling");
    });
}

bool sameStatus(const base::Json& app, const base::Json& status) {
    const auto* before = base::at(app, "/status");
    return before != nullptr && sameEssence(*before, status);
}

bool saysSomethingNew(const base::Json& app, const Problem& problem) {
    auto before = api::parseConditions(base::arrayAt(app, "/status/conditions"));
    const auto* ready = api::findCondition(before, "Ready");
    return ready == nullptr || ready->status != api::kFalse || ready->reason != problem.reason ||
           ready->message.find(problem.message) == std::string::npos;
}

kube::ApiResult<kube::ObjectPtr> writeStatus(kube::Client& client, const kube::Meta& app,
                                             const base::Json& status,
                                             const runtime::ReconcileContext& context) {
    const auto& type = scalableApps();
    base::Json object = {
        {"apiVersion", type.apiVersion()},
        {"kind", type.kind},
        {"metadata", {{"name", app.key.name}, {"namespace", app.key.namespace_}, {"uid", app.uid}}},
        {"status", status}};
    auto written = client.applyStatus(type, object, context.stop);
    if (written) {
        context.wrote(Observer::scope(type, app.key.namespace_),
                      (*written)->meta().resourceVersion);
    }
    return written;
}

}  // namespace reconcile
