#include "cli/status_view.h"

#include <algorithm>
#include <chrono>
#include <regex>

#include "api/labels.h"
#include "base/json.h"
#include "cli/pod_state.h"
#include "cli/remedies.h"

namespace cli {
namespace {

constexpr const char* kZoneLabel = "topology.kubernetes.io/zone";

PodRow rowOf(const base::Json& pod, const std::map<std::string, std::string>& zoneOfNode) {
    PodRow row;
    row.name = base::stringAt(pod, "/metadata/name").value_or("");
    row.tier = labelOf(pod, api::kTierLabel);
    row.node = base::stringAt(pod, "/spec/nodeName").value_or("");
    auto zone = zoneOfNode.find(row.node);
    row.zone = zone != zoneOfNode.end() ? zone->second : labelOf(pod, kZoneLabel);
    row.state = podState(pod);
    row.createdAt = base::stringAt(pod, "/metadata/creationTimestamp").value_or("");
    row.ready = isServing(pod);
    for (const auto& container : base::arrayAt(pod, "/status/containerStatuses")) {
        row.restarts += base::intAt(container, "/restartCount").value_or(0);
    }
    return row;
}

const base::Json* publicService(const base::Json& app, const std::vector<base::Json>& services) {
    auto name = base::stringAt(app, "/metadata/name");
    auto found = std::find_if(services.begin(), services.end(), [&](const base::Json& service) {
        return base::stringAt(service, "/metadata/name") == name;
    });
    return found == services.end() ? nullptr : &*found;
}

Hop serviceHop(const base::Json* service) {
    if (service == nullptr) {
        return {.name = "entry", .detail = "no Service yet", .works = false};
    }
    auto address = base::stringAt(*service, "/spec/clusterIP");
    return {.name = "entry",
            .detail = "Service " + base::stringAt(*service, "/metadata/name").value_or("") + ", " +
                      address.value_or("no address") + ":" +
                      std::to_string(base::intAt(*service, "/spec/ports/0/port").value_or(0)),
            .works = address.has_value()};
}

bool isInDigits(const std::string& text) {
    return text.find(':') != std::string::npos ||
           text.find_first_not_of("0123456789.") == std::string::npos;
}

std::string listed(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) {
        out += (out.empty() ? "" : ", ") + word;
    }
    return out;
}

// From outside: the name that visitors ask for. Inside the cluster a Service has its name by
// itself.
Hop nameHop(const base::Json& app, const std::optional<NameLookup>& lookup,
            const base::Json* service) {
    if (!lookup) {
        auto text = [&](const char* pointer) { return base::stringAt(app, pointer).value_or(""); };
        std::string name = text("/metadata/name") + "." + text("/metadata/namespace") + ".svc";
        return {.name = "dns",
                .detail = name + (service == nullptr ? " has no Service" : ", in the cluster only"),
                .works = service != nullptr};
    }
    Hop hop{.name = "dns", .detail = lookup->host, .works = true};
    if (lookup->addresses.empty()) {
        hop.works = lookup->problem.empty();
        hop.detail = hop.works ? lookup->host + ", no name server answers here" : lookup->problem;
        return hop;
    }
    hop.detail += " is " + listed(lookup->addresses);
    auto entry = base::stringAt(app, "/status/exposure/address").value_or("");
    // A commercial CDN in front has addresses of its own.
    bool direct = base::arrayAt(app, "/spec/cdn/providers").empty() && !entry.empty();
    const auto& found = lookup->addresses;
    if (direct && isInDigits(entry) &&
        std::find(found.begin(), found.end(), entry) == found.end()) {
        hop.works = false;
        hop.detail += ", the way in is " + entry;
    }
    return hop;
}

// "web" and "NotReady" of "web/z1: NotReady: ...". A cause of which time may make an end is in the
// message alone; the condition's reason says what is being done.
struct Told {
    std::string tier;
    std::string cause;
};

Told toldIn(const std::string& message) {
    static const std::regex kForm("^(\\w+)(?:/[^ ]+)?: (\\w*)");
    std::smatch found;
    return std::regex_search(message, found, kForm) ? Told{found.str(1), found.str(2)} : Told{};
}

// What is wrong with a hop, by the condition that tells of it.
std::string remedyOfHop(const AppView& view, const Hop& hop) {
    if (hop.name == "dns") {
        return "let the name's records lead to the way in: kubectl scalableapp export dns " +
               view.name + " -n " + view.namespace_;
    }
    const auto* condition = api::findCondition(view.conditions, hop.condition);
    return condition == nullptr
               ? ""
               : remedyFor(condition->reason, {view.namespace_, view.name, hop.tier});
}

std::string remedyOfRootCause(const AppView& view) {
    const auto* ready = api::findCondition(view.conditions, "Ready");
    if (ready == nullptr || view.ready) {
        return "";
    }
    auto told = toldIn(ready->message);
    Where where{view.namespace_, view.name, told.tier};
    auto out = remedyFor(ready->reason, where);
    return out.empty() ? remedyFor(told.cause, where) : out;
}

std::string remedyOfCondition(const AppView& view, const char* type, const char* status) {
    const auto* condition = api::findCondition(view.conditions, type);
    return condition == nullptr || condition->status != status
               ? ""
               : remedyFor(condition->reason, {view.namespace_, view.name});
}

std::string remedyOfFirstBroken(const AppView& view) {
    auto broken = std::find_if(view.path.begin(), view.path.end(),
                               [&](const Hop& hop) { return hop.name == view.firstBroken; });
    return broken == view.path.end() ? "" : remedyOfHop(view, *broken);
}

bool isOnItsWay(const AppView& view) {
    const auto* reconciling = api::findCondition(view.conditions, "Reconciling");
    return reconciling != nullptr && reconciling->status == api::kTrue &&
           remedyOfRootCause(view).empty();
}

// About the root cause, by the deepest reason that has a remedy.
std::string whatToDo(const AppView& view) {
    for (const auto& remedy :
         {remedyOfRootCause(view), remedyOfCondition(view, "Stalled", api::kTrue),
          remedyOfFirstBroken(view),
          view.progress.empty() ? remedyOfCondition(view, "ZonesSatisfied", api::kFalse) : ""}) {
        if (!remedy.empty()) {
            return remedy;
        }
    }
    return "";
}

std::optional<Hop> hopOf(const plan::Tier& tier, const base::Json& app, const AppView& view,
                         bool restWorks) {
    if (tier.hop == nullptr) {
        return std::nullopt;
    }
    plan::HopEvidence seen{.app = app, .conditions = view.conditions, .restWorks = restWorks};
    for (const auto& pod : view.pods) {
        bool ours = pod.tier == tier.name;
        seen.pods += ours ? 1 : 0;
        seen.readyPods += ours && pod.ready ? 1 : 0;
    }
    auto out = tier.hop(seen);
    if (out) {
        out->tier = tier.name;
        out->condition = out->condition.empty() ? tier.condition : out->condition;
    }
    return out;
}

void followPath(const base::Json& app, const Evidence& evidence,
                const std::vector<plan::Tier>& tiers, AppView& view) {
    // From the last station to the first: those before are told whether those behind work.
    std::vector<Hop> outside;
    std::vector<Hop> inside;
    bool restWorks = true;
    for (const auto& tier : tiers) {
        if (auto hop = hopOf(tier, app, view, restWorks)) {
            restWorks = restWorks && hop->works;
            (tier.outside ? outside : inside).push_back(std::move(*hop));
        }
    }
    const auto* service = publicService(app, evidence.services);
    view.path.push_back(nameHop(app, evidence.lookup, service));
    view.path.insert(view.path.end(), outside.rbegin(), outside.rend());
    view.path.push_back(serviceHop(service));
    view.path.insert(view.path.end(), inside.rbegin(), inside.rend());
    auto broken =
        std::find_if(view.path.begin(), view.path.end(), [](const Hop& hop) { return !hop.works; });
    view.firstBroken = broken == view.path.end() ? "" : broken->name;
}

std::string singlePoint(const base::Json& entry) {
    std::string out = base::stringAt(entry, "/tier").value_or("");
    for (const char* part : {"/what", "/why"}) {
        auto found = base::stringAt(entry, part);
        if (found) {
            out += (out.empty() ? "" : ": ") + *found;
        }
    }
    return out;
}

// --- text

std::string age(const std::string& since, base::WallTime now) {
    base::WallTime begin;
    if (!base::parseTime(since, begin)) {
        return "-";
    }
    auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - begin);
    return base::formatAge(std::max(passed, std::chrono::seconds(0)));
}

class Paint {
  public:
    explicit Paint(bool on) : on_(on) {}
    std::string good(const std::string& text) const { return with("32", text); }
    std::string bad(const std::string& text) const { return with("31", text); }
    std::string title(const std::string& text) const { return with("1", text); }
    std::string mark(bool works) const { return works ? good("✔") : bad("✖"); }

  private:
    std::string with(const char* code, const std::string& text) const {
        return on_ ? std::string("\033[") + code + "m" + text + "\033[0m" : text;
    }
    bool on_;
};

// Columns as wide as their widest cell, two spaces between them.
std::string table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string out;
    for (const auto& row : rows) {
        std::string line = " ";
        for (size_t i = 0; i < row.size(); ++i) {
            line += " " + row[i] + std::string(widths[i] - row[i].size() + 1, ' ');
        }
        out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return out;
}

std::string orDash(const std::string& text) {
    return text.empty() ? "-" : text;
}

std::string podsTable(const AppView& view, base::WallTime now) {
    std::vector<std::vector<std::string>> rows{
        {"POD", "TIER", "READY", "STATE", "ZONE", "NODE", "AGE", "RESTARTS"}};
    for (const auto& pod : view.pods) {
        rows.push_back({pod.name, orDash(pod.tier), pod.ready ? "yes" : "no", pod.state,
                        orDash(pod.zone), orDash(pod.node), age(pod.createdAt, now),
                        std::to_string(pod.restarts)});
    }
    return table(rows);
}

std::string conditionsTable(const AppView& view, base::WallTime now) {
    std::vector<std::vector<std::string>> rows{{"CONDITION", "STATUS", "FOR", "REASON", "MESSAGE"}};
    for (const auto& condition : view.conditions) {
        rows.push_back({condition.type, condition.status, age(condition.lastTransitionTime, now),
                        condition.reason, condition.message});
    }
    return table(rows);
}

}  // namespace

std::string publicName(const base::Json& app) {
    return base::at(app, "/status/exposure") == nullptr
               ? ""
               : base::stringAt(app, "/spec/loadBalancer/host").value_or("");
}

AppView viewOf(const base::Json& app, const Evidence& evidence,
               const std::vector<plan::Tier>& tiers) {
    AppView view;
    view.name = base::stringAt(app, "/metadata/name").value_or("");
    view.namespace_ = base::stringAt(app, "/metadata/namespace").value_or("");
    view.stage = base::stringAt(app, "/status/stage").value_or("");
    view.deleting = base::at(app, "/metadata/deletionTimestamp") != nullptr;
    view.conditions = api::parseConditions(base::arrayAt(app, "/status/conditions"));
    const auto* ready = api::findCondition(view.conditions, "Ready");
    view.ready = ready != nullptr && ready->status == api::kTrue;
    if (ready != nullptr && !view.ready) {
        auto& told = isOnItsWay(view) ? view.progress : view.rootCause;
        told = ready->message.empty() ? ready->reason : ready->message;
    }
    for (const auto& pod : evidence.pods) {
        view.pods.push_back(rowOf(pod, evidence.zoneOfNode));
    }
    std::sort(view.pods.begin(), view.pods.end(),
              [](const PodRow& a, const PodRow& b) { return a.name < b.name; });
    followPath(app, evidence, tiers, view);
    view.whatToDo = whatToDo(view);
    for (const auto& entry : base::arrayAt(app, "/status/singlePointsOfFailure")) {
        view.singlePointsOfFailure.push_back(singlePoint(entry));
    }
    return view;
}

std::string text(const AppView& view, base::WallTime now, bool colour) {
    Paint paint(colour);
    std::string state = view.ready ? paint.good("Ready") : paint.bad("not ready");
    if (view.deleting) {
        state = paint.bad("being deleted");
    } else if (view.conditions.empty()) {
        state = paint.bad("no status yet: is the operator running?");
    }
    std::string out = paint.title(view.name) + " in " + view.namespace_ + ": " + state +
                      (view.stage.empty() ? "" : ", stage " + view.stage) + "\n";
    if (!view.rootCause.empty()) {
        out += paint.bad("✖ root cause: " + view.rootCause) + "\n";
    }
    if (!view.progress.empty()) {
        out += "on its way: " + view.progress + "\n";
    }
    if (!view.whatToDo.empty()) {
        out += "  what to do: " + view.whatToDo + "\n";
    }
    out += "\n" + paint.title("Traffic") + "\n";
    for (const auto& hop : view.path) {
        out += "  " + paint.mark(hop.works) + " " + hop.name + "  " + hop.detail +
               (hop.name == view.firstBroken ? paint.bad("  <- broken from here on") : "") + "\n";
    }
    out += "\n" + podsTable(view, now) + "\n" + conditionsTable(view, now);
    if (!view.singlePointsOfFailure.empty()) {
        out += "\n" + paint.title("Single points of failure") + "\n";
        for (const auto& point : view.singlePointsOfFailure) {
            out += "  " + point + "\n";
        }
    }
    return out;
}

base::Json json(const AppView& view) {
    base::Json out = {{"name", view.name},
                      {"namespace", view.namespace_},
                      {"ready", view.ready},
                      {"stage", view.stage},
                      {"rootCause", view.rootCause},
                      {"progress", view.progress},
                      {"whatToDo", view.whatToDo},
                      {"firstBroken", view.firstBroken},
                      {"path", base::Json::array()},
                      {"pods", base::Json::array()},
                      {"conditions", api::toJson(view.conditions)},
                      {"singlePointsOfFailure", view.singlePointsOfFailure}};
    for (const auto& hop : view.path) {
        out["path"].push_back({{"name", hop.name}, {"detail", hop.detail}, {"works", hop.works}});
    }
    for (const auto& pod : view.pods) {
        out["pods"].push_back({{"name", pod.name},
                               {"tier", pod.tier},
                               {"ready", pod.ready},
                               {"state", pod.state},
                               {"zone", pod.zone},
                               {"node", pod.node},
                               {"createdAt", pod.createdAt},
                               {"restarts", pod.restarts}});
    }
    return out;
}

}  // namespace cli
