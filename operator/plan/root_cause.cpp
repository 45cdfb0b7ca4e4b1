#include "plan/root_cause.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <tuple>
#include <utility>

#include "plan/web_pods.h"

namespace plan {
namespace {

using base::Json;
using base::textAt;

constexpr size_t kMaxDetail = 240;

bool contains(const std::string& text, const std::string& part) {
    auto found =
        std::search(text.begin(), text.end(), part.begin(), part.end(), [](char a, char b) {
            return std::tolower(static_cast<unsigned char>(a)) ==
                   std::tolower(static_cast<unsigned char>(b));
        });
    return found != text.end();
}

// One line, not too long, without what comes after `end`.
std::string shortened(std::string text, const std::string& end = "") {
    if (!end.empty()) {
        text = text.substr(0, text.find(end));
    }
    std::replace(text.begin(), text.end(), '\n', ' ');
    while (!text.empty() && (text.back() == ' ' || text.back() == '.')) {
        text.pop_back();
    }
    return text.size() > kMaxDetail ? text.substr(0, kMaxDetail) + "..." : text;
}

const Json* conditionOf(const Json& object, const char* type) {
    for (const auto& condition : base::arrayAt(object, "/status/conditions")) {
        if (base::stringAt(condition, "/type") == type) {
            return &condition;
        }
    }
    return nullptr;
}

bool holds(const Json& object, const char* type) {
    const auto* condition = conditionOf(object, type);
    return condition != nullptr && textAt(*condition, "/status") == "True";
}

bool ownedBy(const Json& object, const Json& owner) {
    std::string uid = textAt(owner, "/metadata/uid");
    for (const auto& reference : base::arrayAt(object, "/metadata/ownerReferences")) {
        if (base::boolAt(reference, "/controller") == true && textAt(reference, "/uid") == uid) {
            return true;
        }
    }
    return false;
}

std::string sinceOf(const Json& pod) {
    const auto* ready = conditionOf(pod, "Ready");
    std::string since = ready == nullptr ? "" : textAt(*ready, "/lastTransitionTime");
    return since.empty() ? textAt(pod, "/metadata/creationTimestamp") : since;
}

// --- pods that cannot even be made

std::string forbiddenReason(const std::string& message) {
    static const std::vector<std::pair<const char*, const char*>> kReasons{
        {"exceeded quota", "QuotaExceeded"},
        {"failed quota", "QuotaExceeded"},
        {"violates podsecurity", "PodSecurityViolation"},
        {"serviceaccount", "ServiceAccountMissing"},
        {" usage per ", "LimitRangeViolation"},
        {"denied the request", "AdmissionDenied"}};
    for (const auto& [part, reason] : kReasons) {
        if (contains(message, part)) {
            return reason;
        }
    }
    return "PodCreationFailed";
}

std::optional<Cause> creationFailure(const Json& object) {
    const auto* failure = conditionOf(object, "ReplicaFailure");
    if (failure == nullptr || textAt(*failure, "/status") != "True") {
        return std::nullopt;
    }
    std::string message = textAt(*failure, "/message");
    Cause cause;
    cause.since = textAt(*failure, "/lastTransitionTime");
    // An unreachable webhook may come back by itself; a refusal stands.
    bool unreachable = contains(message, "failed calling webhook");
    cause.reason = unreachable ? "AdmissionWebhookFailed" : forbiddenReason(message);
    cause.needsHelp =
        !unreachable && (cause.reason != "PodCreationFailed" || contains(message, "is forbidden"));
    // The name of the pod that was not made is a new one at each try.
    for (const char* before : {"is forbidden: ", "is invalid: "}) {
        size_t at = message.find(before);
        if (at != std::string::npos) {
            message = message.substr(at + std::string(before).size());
            break;
        }
    }
    cause.detail = shortened(message);
    return cause;
}

// --- pods that do not come up

// Smaller is deeper: the cause that is told when pods have different ones.
enum class Depth { Config, Image, Crash, Node, Unschedulable, NotReady, Starting };

struct PodCause {
    Depth depth;
    Cause cause;
};

std::string pullDetail(const std::string& message) {
    static const std::vector<std::pair<const char*, const char*>> kKinds{
        {"not found", "not found"},
        {"manifest unknown", "not found"},
        {"unauthorized", "access denied"},
        {"denied", "access denied"},
        {"forbidden", "access denied"},
        {"no such host", "the registry cannot be found"},
        {"connection refused", "the registry does not answer"},
        {"timeout", "the registry does not answer"},
        {"dial tcp", "the registry does not answer"},
        {"toomanyrequests", "the registry asks for fewer requests"},
        {"no space left", "the node's disk is full"}};
    for (const auto& [part, kind] : kKinds) {
        if (contains(message, part)) {
            return kind;
        }
    }
    return "";
}

std::string endDetail(const Json& ended) {
    std::string reason = textAt(ended, "/reason");
    std::string message = shortened(textAt(ended, "/message"));
    if (reason == "StartError" || reason == "ContainerCannotRun") {
        return message;
    }
    std::string out = "exit code " + std::to_string(base::intAt(ended, "/exitCode").value_or(0));
    return message.empty() ? out : out + ": " + message;
}

PodCause ended(const Json& state) {
    bool memory = textAt(state, "/reason") == "OOMKilled";
    bool start = textAt(state, "/reason") == "StartError" ||
                 textAt(state, "/reason") == "ContainerCannotRun";
    return {Depth::Crash,
            {.reason = memory  ? "OOMKilled"
                       : start ? "RunContainerError"
                               : "CrashLoopBackOff",
             .subject = "",
             .detail = memory ? "more memory was used than `resources.limits.memory` allows"
                              : endDetail(state),
             .since = ""}};
}

std::optional<PodCause> waiting(const Json& container, const Json& state) {
    std::string reason = textAt(state, "/reason");
    std::string message = textAt(state, "/message");
    std::string image = textAt(container, "/image");
    if (reason == "ImagePullBackOff" || reason == "ErrImagePull") {
        return PodCause{Depth::Image,
                        {.reason = "ImagePullBackOff",
                         .subject = image,
                         .detail = pullDetail(message),
                         .since = ""}};
    }
    if (reason == "InvalidImageName" || reason == "ErrImageNeverPull" ||
        reason == "ImageInspectError") {
        return PodCause{Depth::Image,
                        {.reason = reason,
                         .subject = image,
                         .detail = reason == "InvalidImageName" ? "" : shortened(message),
                         .since = "",
                         .needsHelp = reason == "InvalidImageName"}};
    }
    if (reason == "CreateContainerConfigError" || reason == "CreateContainerError") {
        // "... (pod: "shop-web-x_ns(uid)", container: web)": the pods of one cause count together.
        return PodCause{Depth::Config,
                        {.reason = reason,
                         .subject = "",
                         .detail = shortened(message.substr(0, message.find(" (pod: \""))),
                         .since = "",
                         .needsHelp = reason == "CreateContainerConfigError"}};
    }
    if (reason == "CrashLoopBackOff" || reason == "RunContainerError") {
        if (const auto* last = base::at(container, "/lastState/terminated")) {
            return ended(*last);
        }
        return PodCause{
            Depth::Crash,
            {.reason = reason, .subject = "", .detail = shortened(message), .since = ""}};
    }
    return std::nullopt;
}

std::optional<PodCause> containerCause(const Json& container) {
    if (base::boolAt(container, "/ready") == true) {
        return std::nullopt;
    }
    if (const auto* state = base::at(container, "/state/waiting")) {
        return waiting(container, *state);
    }
    if (const auto* state = base::at(container, "/state/terminated")) {
        bool completed = textAt(*state, "/reason") == "Completed";
        // An init container that is done; a server that ends "well" is none.
        return completed && base::intAt(container, "/restartCount").value_or(0) == 0
                   ? std::nullopt
                   : std::optional<PodCause>(ended(*state));
    }
    // It runs again, but ended before it ever was ready: the pause between two crashes.
    const auto* last = base::at(container, "/lastState/terminated");
    return last == nullptr ? std::nullopt : std::optional<PodCause>(ended(*last));
}

// " at port 8080": a port that nobody listens on is the commonest mistake.
std::string probedPort(const Json& container, const std::string& probe) {
    auto number = base::intAt(container, probe + "/port");
    auto name = textAt(container, probe + "/port");
    for (const auto& port : base::arrayAt(container, "/ports")) {
        if (!name.empty() && textAt(port, "/name") == name) {
            number = base::intAt(port, "/containerPort");
        }
    }
    return number ? " at port " + std::to_string(*number) : "";
}

// Of a container that has not started there is no other probe yet.
std::string failingProbe(const Json& container, bool started) {
    const char* startup = "/startupProbe/httpGet";
    return !started && base::at(container, startup) != nullptr ? startup
                                                               : "/readinessProbe/httpGet";
}

PodCause notReady(const Json& pod) {
    bool running = false;
    bool ready = true;
    bool started = true;
    for (const auto& container : base::arrayAt(pod, "/status/containerStatuses")) {
        running = running || base::at(container, "/state/running") != nullptr;
        ready = ready && base::boolAt(container, "/ready") == true;
        started = started && base::boolAt(container, "/started") != false;
    }
    if (running && ready) {
        return {Depth::Node,
                {.reason = "NodeNotReady",
                 .subject = textAt(pod, "/spec/nodeName"),
                 .detail = "the node does not answer",
                 .since = ""}};
    }
    if (!running) {
        return {Depth::Starting,
                {.reason = "Starting", .subject = "", .detail = "", .since = "", .starting = true}};
    }
    const auto& probed = base::arrayAt(pod, "/spec/containers");
    std::string probe = probed.empty() ? "" : failingProbe(probed.front(), started);
    std::string path = probed.empty() ? "" : textAt(probed.front(), probe + "/path");
    return {Depth::NotReady,
            {.reason = "NotReady",
             .subject = "",
             .detail = path.empty() ? "the readiness probe fails"
                                    : "GET " + path + probedPort(probed.front(), probe) +
                                          " does not answer with 200 to 399",
             .since = "",
             .starting = true}};
}

std::optional<PodCause> podCause(const Json& pod) {
    if (isReadyPod(pod)) {
        return std::nullopt;
    }
    const auto* scheduled = conditionOf(pod, "PodScheduled");
    if (scheduled != nullptr && textAt(*scheduled, "/status") == "False") {
        return PodCause{Depth::Unschedulable,
                        {.reason = "Unschedulable",
                         .subject = "",
                         .detail = shortened(textAt(*scheduled, "/message"), "preemption:"),
                         .since = ""}};
    }
    for (const char* list : {"/status/initContainerStatuses", "/status/containerStatuses"}) {
        for (const auto& container : base::arrayAt(pod, list)) {
            if (auto cause = containerCause(container)) {
                return cause;
            }
        }
    }
    return notReady(pod);
}

// Of the commonest mistakes in the spec; what else can be done is the plugin's to say.
std::string remedyOf(const std::string& reason, const std::string& tier) {
    if (reason == "ImagePullBackOff" || reason == "InvalidImageName") {
        return "; correct `" + tier + ".image`" +
               (reason == "InvalidImageName" ? "" : " or push it");
    }
    if (reason == "NotReady" && tier == kWebTier) {
        return "; correct `web.port` or `web.health`, or see what the program waits for";
    }
    return "";
}

int64_t revisionOf(const Json& object) {
    const auto* annotations = base::at(object, "/metadata/annotations");
    if (annotations == nullptr) {
        return 0;
    }
    auto found = annotations->find("deployment.kubernetes.io/revision");
    return found == annotations->end() || !found->is_string()
               ? 0
               : std::strtoll(found->get<std::string>().c_str(), nullptr, 10);
}

}  // namespace

std::string Cause::text(const std::string& tier) const {
    std::string out = tier + (part.empty() ? "" : "/" + part) + ": " + reason;
    if (!subject.empty()) {
        out += " \"" + subject + "\"";
    }
    if (!detail.empty()) {
        out += ": " + detail;
    }
    std::string note;
    if (pods > 0) {
        note = std::to_string(pods) + (pods == 1 ? " pod" : " pods");
    }
    size_t clock = since.find('T');
    if (clock != std::string::npos) {
        note += (note.empty() ? "since " : ", since ") + since.substr(clock + 1);
    }
    return out + (note.empty() ? "" : " (" + note + ")") + remedyOf(reason, tier);
}

bool isReadyPod(const Json& pod) {
    return base::at(pod, "/metadata/deletionTimestamp") == nullptr && holds(pod, "Ready");
}

Workload workloadOf(const std::string& deployment, const std::vector<const Json*>& children) {
    Workload out;
    for (const auto* child : children) {
        if (textAt(*child, "/kind") == "Deployment" &&
            textAt(*child, "/metadata/name") == deployment) {
            out.deployment = child;
        }
        if (textAt(*child, "/kind") == "Pod" && isReadyPod(*child)) {
            out.readyPods.push_back(child);
        }
    }
    if (out.deployment == nullptr) {
        return out;
    }
    int64_t revision = revisionOf(*out.deployment);
    for (const auto* child : children) {
        if (textAt(*child, "/kind") == "ReplicaSet" && ownedBy(*child, *out.deployment) &&
            revisionOf(*child) == revision) {
            out.current = child;
        }
    }
    auto seen = base::intAt(*out.deployment, "/status/observedGeneration").value_or(0);
    auto asked = base::intAt(*out.deployment, "/metadata/generation").value_or(0);
    out.upToDate = seen >= asked && out.current != nullptr;
    if (!out.upToDate) {
        return out;
    }
    for (const auto* child : children) {
        auto phase = textAt(*child, "/status/phase");
        bool stays = base::at(*child, "/metadata/deletionTimestamp") == nullptr &&
                     phase != "Failed" && phase != "Succeeded";
        if (textAt(*child, "/kind") == "Pod" && stays && ownedBy(*child, *out.current)) {
            out.pods.push_back(child);
        }
    }
    return out;
}

std::optional<Cause> rootCause(const Workload& workload) {
    if (!workload.upToDate) {
        return std::nullopt;
    }
    for (const auto* object : {workload.current, workload.deployment}) {
        if (auto cause = creationFailure(*object)) {
            return cause;
        }
    }
    // Deepest first, then by text: which pod is listed first must not matter.
    using Key = std::tuple<Depth, std::string, std::string, std::string>;
    std::map<Key, Cause> causes;
    for (const auto* pod : workload.pods) {
        auto found = podCause(*pod);
        if (!found) {
            continue;
        }
        auto since = sinceOf(*pod);
        Key key{found->depth, found->cause.reason, found->cause.subject, found->cause.detail};
        auto& cause = causes.try_emplace(key, found->cause).first->second;
        ++cause.pods;
        cause.since = cause.since.empty() ? since : std::min(cause.since, since);
    }
    if (causes.empty()) {
        return std::nullopt;
    }
    return causes.begin()->second;
}

}  // namespace plan
