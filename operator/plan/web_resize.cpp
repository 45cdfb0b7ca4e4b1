#include "plan/web_resize.h"

#include <algorithm>

#include "plan/diff.h"
#include "plan/look_again.h"
#include "plan/pod_resources.h"
#include "plan/root_cause.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;
using base::textAt;
using std::chrono::seconds;

constexpr const char* kInPlace = "InPlace ";
constexpr const char* kAbandoned = "Abandoned";
// A node without room for it may have some when another pod ends, but another node has it now.
constexpr seconds kDeferredFor{30};
// Of the pods; a resize may turn out to be impossible.
constexpr size_t kShareAtOnce = 4;

std::string noteOn(const Json& object, const char* name) {
    const auto* notes = base::at(object, "/metadata/annotations");
    return notes == nullptr ? "" : notes->value(name, "");
}

int64_t countIn(const Json& object, const char* pointer) {
    return base::intAt(object, pointer).value_or(0);
}

bool isControlledBy(const Json& object, const Json& owner) {
    const auto& owners = base::arrayAt(object, "/metadata/ownerReferences");
    return std::any_of(owners.begin(), owners.end(), [&](const Json& reference) {
        return base::boolAt(reference, "/controller") == true &&
               textAt(reference, "/uid") == textAt(owner, "/metadata/uid");
    });
}

std::vector<const Json*> controlledBy(const Json& owner, const char* kind,
                                      const std::vector<const Json*>& children) {
    std::vector<const Json*> out;
    for (const auto* child : children) {
        if (textAt(*child, "/kind") == kind && isControlledBy(*child, owner)) {
            out.push_back(child);
        }
    }
    return out;
}

const Json* deploymentNamed(const std::string& name, const std::vector<const Json*>& children) {
    auto found = std::find_if(children.begin(), children.end(), [&](const Json* child) {
        return textAt(*child, "/kind") == "Deployment" && textAt(*child, "/metadata/name") == name;
    });
    return found == children.end() ? nullptr : *found;
}

// Those that stay, by name: which is told first must not matter.
std::vector<const Json*> podsOf(const Json& replicaSet, const std::vector<const Json*>& children) {
    auto out = controlledBy(replicaSet, "Pod", children);
    std::erase_if(out, [](const Json* pod) {
        auto phase = textAt(*pod, "/status/phase");
        return base::at(*pod, "/metadata/deletionTimestamp") != nullptr || phase == "Failed" ||
               phase == "Succeeded";
    });
    std::sort(out.begin(), out.end(), [](const Json* a, const Json* b) {
        return textAt(*a, "/metadata/name") < textAt(*b, "/metadata/name");
    });
    return out;
}

bool isLive(const Json& replicaSet) {
    return countIn(replicaSet, "/spec/replicas") > 0 || countIn(replicaSet, "/status/replicas") > 0;
}

const Json& templateOf(const Json& workload) {
    static const Json kNone = Json::object();
    const auto* found = base::at(workload, "/spec/template");
    return found == nullptr ? kNone : *found;
}

bool isSeen(const Json& object) {
    return countIn(object, "/status/observedGeneration") >= countIn(object, "/metadata/generation");
}

// The condition of the pod as it is asked to be now, not of an earlier wish.
const Json* resizeCondition(const Json& pod, const char* type) {
    for (const auto& condition : base::arrayAt(pod, "/status/conditions")) {
        auto of = base::intAt(condition, "/observedGeneration");
        if (textAt(condition, "/type") == type && textAt(condition, "/status") == "True" &&
            (!of || *of >= countIn(pod, "/metadata/generation"))) {
            return &condition;
        }
    }
    return nullptr;
}

const Json* pendingOf(const Json& pod) {
    return resizeCondition(pod, "PodResizePending");
}

bool isResized(const Json& pod, const Json& podTemplate) {
    return hasResources(pod, podTemplate) && usesResources(pod, podTemplate) &&
           pendingOf(pod) == nullptr && resizeCondition(pod, "PodResizeInProgress") == nullptr;
}

bool hasRestarted(const Json& pod) {
    const auto& containers = base::arrayAt(pod, "/status/containerStatuses");
    return std::any_of(containers.begin(), containers.end(), [](const Json& container) {
        return countIn(container, "/restartCount") > 0;
    });
}

Patch resizeOfPod(const Json& pod, const Json& podTemplate) {
    return {.apiVersion = "v1",
            .kind = "Pod",
            .namespace_ = textAt(pod, "/metadata/namespace"),
            .name = textAt(pod, "/metadata/name"),
            .subresource = "resize",
            .operations = podResize(pod, podTemplate)};
}

Patch templateOfReplicaSet(const Json& replicaSet, const Json& podTemplate) {
    return {.apiVersion = "apps/v1",
            .kind = "ReplicaSet",
            .namespace_ = textAt(replicaSet, "/metadata/namespace"),
            .name = textAt(replicaSet, "/metadata/name"),
            .subresource = "",
            .operations = replicaSetResize(replicaSet, podTemplate)};
}

class Resizer {
  public:
    Resizer(const ScalableApp& app, Json wanted, const Json& live,
            const std::vector<const Json*>& children, const Observed& observed)
        : app_(app),
          wanted_(std::move(wanted)),
          template_(templateOf(wanted_)),
          live_(live),
          children_(children),
          observed_(observed),
          replicaSets_(controlledBy(live, "ReplicaSet", children)),
          stage_(noteOn(live, kResizeAnnotation)),
          begun_(isResizing(live)),
          templateDiffers_(!sameResources(template_, templateOf(live))) {
        for (const auto* one : replicaSets_) {
            if (isLive(*one)) {
                set_ = set_ == nullptr ? one : set_;
                ++liveSets_;
            }
        }
        if (set_ != nullptr) {
            pods_ = podsOf(*set_, children);
        }
    }

    Resize decide() {
        out_.deployment = wanted_;
        if (!templateDiffers_ && !begun_) {
            takeBack();
        } else if (!mayBegin()) {
            roll("");
        } else if (auto obstacle = obstacleNow(); !obstacle.empty()) {
            roll(obstacle);
        } else if (templateDiffers_) {
            resizePods();
        } else {
            adoptTemplate();
        }
        return std::move(out_);
    }

  private:
    // --- whether

    // Otherwise it rolls as ever, and there is nothing to tell.
    bool mayBegin() const {
        Json others{{"spec", {{"template", withoutResources(template_)}}}};
        return noteOn(live_, kDigestAnnotation) == noteOn(wanted_, kDigestAnnotation) &&
               !differs(others, live_) && (begun_ || observed_.around.resizeInPlace) &&
               liveSets_ > 0;
    }

    std::string obstacleNow() {
        if (!observed_.resizeRefused.empty()) {
            return observed_.resizeRefused;
        }
        auto problem =
            templateDiffers_ ? resizeProblem(templateOf(live_), template_) : std::string();
        problem = problem.empty() ? rolloutProblem() : problem;
        problem = problem.empty() ? podProblem() : problem;
        return problem.empty() ? lateness() : problem;
    }

    std::string rolloutProblem() const {
        bool paused = base::boolAt(live_, "/spec/paused").value_or(false);
        if (!begun_ && paused) {
            return "somebody has paused its rollouts";
        }
        if (begun_ && !templateDiffers_ && !paused &&
            !sameResources(template_, templateOf(*set_))) {
            return "somebody has resumed its rollouts meanwhile";
        }
        if (liveSets_ > 1 || (!begun_ && isSeen(live_) && currentSet() != set_)) {
            return "a rollout is under way";
        }
        // What is older and the same is what the Deployment's controller would go back to.
        bool known = std::any_of(replicaSets_.begin(), replicaSets_.end(), [&](const Json* one) {
            return one != set_ &&
                   noteOn(*one, kDigestAnnotation) == noteOn(wanted_, kDigestAnnotation) &&
                   sameResources(template_, templateOf(*one));
        });
        return known ? "an earlier ReplicaSet of it has these resources" : "";
    }

    const Json* currentSet() const {
        return workloadOf(textAt(live_, "/metadata/name"), children_).current;
    }

    std::string podProblem() {
        for (const auto* pod : pods_) {
            auto name = "pod " + textAt(*pod, "/metadata/name") + " ";
            if (!isReadyPod(*pod) && !isStarting(*pod)) {
                return name + "is not ready";
            }
            const auto* pending = pendingOf(*pod);
            if (pending == nullptr || !hasResources(*pod, template_)) {
                continue;
            }
            auto reason = textAt(*pending, "/reason");
            auto message = textAt(*pending, "/message");
            if (reason != "Deferred" || isOver(*pending, "/lastTransitionTime", kDeferredFor)) {
                return name + "cannot have them on its node: " + reason +
                       (message.empty() ? "" : ", " + message);
            }
        }
        return "";
    }

    bool isStarting(const Json& pod) {
        return !hasRestarted(pod) &&
               !isOver(pod, "/metadata/creationTimestamp", seconds(app_.web.health.startupSeconds));
    }

    // Before the tier's own deadline, at which a person is called.
    std::string lateness() {
        auto limit = seconds(app_.progressDeadlineSeconds) / 2;
        bool late =
            begun_ && stage() == stage_ && isOver(base::Json{{"since", since()}}, "/since", limit);
        return late ? "not every pod has them after " + std::to_string(limit.count()) + " s" : "";
    }

    // Whether that long has passed since; if not, the time to look again.
    bool isOver(const Json& object, const char* pointer, seconds span) {
        base::WallTime begin = observed_.now;
        base::parseTime(textAt(object, pointer), begin);
        if (observed_.now >= begin + span) {
            return true;
        }
        sooner(out_.lookAgain, untilAfter(begin + span, observed_.now));
        return false;
    }

    // --- the stage that is noted on the Deployment

    std::string since() const {
        auto space = stage_.rfind(' ');
        return space == std::string::npos ? "" : stage_.substr(space + 1);
    }

    // Another wish has a time of its own.
    std::string stage() const {
        std::string same = kInPlace + digestOfResources(template_) + " ";
        return stage_.starts_with(same) ? stage_ : same + base::formatTime(observed_.now);
    }

    void note(const std::string& stage) {
        out_.deployment["metadata"]["annotations"][kResizeAnnotation] = stage;
    }

    // The Deployment's controller: all that there are.
    bool countsPodsAsUpToDate() const {
        auto replicas = countIn(live_, "/status/replicas");
        return isSeen(live_) && countIn(live_, "/status/updatedReplicas") == replicas;
    }

    // --- the steps

    void roll(const std::string& reason) {
        out_.lookAgain.reset();
        // What was sent before that which was refused has reached its pods.
        if (!stage_.empty() || !observed_.resizeRefused.empty()) {
            note(kAbandoned);
        }
        if (!reason.empty()) {
            out_.events.push_back(
                {.warning = false,
                 .reason = "ResizeRolls",
                 .action = "Resize",
                 .note =
                     "Deployment " + textAt(live_, "/metadata/name") +
                     " rolls to its new resources, its pods cannot get them in place: " + reason});
        }
    }

    void resizePods() {
        out_.deployment["spec"]["template"] = withResourcesOf(template_, templateOf(live_));
        note(stage());
        if (begun_ && base::boolAt(live_, "/spec/paused") == true) {
            out_.deployment["spec"]["paused"] = true;
        }
        if (!isSeen(live_) || !allResized()) {
            return;
        }
        out_.deployment["spec"]["template"] = template_;
        out_.deployment["spec"]["paused"] = true;
    }

    void adoptTemplate() {
        bool paused = base::boolAt(live_, "/spec/paused").value_or(false);
        bool adopted = sameResources(template_, templateOf(*set_));
        if (!adopted && isSeen(live_)) {
            out_.patches.push_back(templateOfReplicaSet(*set_, template_));
        }
        // A pod may have been made of the old template until now.
        if (adopted && allResized() && isSeen(*set_) && countsPodsAsUpToDate()) {
            out_.lookAgain.reset();
            return;
        }
        note(stage());
        if (paused) {
            out_.deployment["spec"]["paused"] = true;
        }
    }

    // False: some are not; the next of them are asked to.
    bool allResized() {
        size_t room = std::max<size_t>(1, pods_.size() / kShareAtOnce);
        size_t asked = 0;
        std::vector<const Json*> others;
        for (const auto* pod : pods_) {
            if (!hasResources(*pod, template_)) {
                others.push_back(pod);
            } else if (!isResized(*pod, template_)) {
                ++asked;
            }
        }
        for (const auto* pod : others) {
            if (asked < room && !textAt(*pod, "/spec/nodeName").empty()) {
                out_.patches.push_back(resizeOfPod(*pod, template_));
                ++asked;
            }
        }
        return others.empty() && asked == 0;
    }

    // It rolls: a pod that is still asked for what it cannot have would, by that, mislead the
    // autoscaler, which reckons with what pods ask for.
    void takeBack() {
        bool over = countsPodsAsUpToDate();
        for (const auto* set : replicaSets_) {
            bool stays = sameResources(template_, templateOf(*set));
            for (const auto* pod : podsOf(*set, children_)) {
                if (hasResources(*pod, templateOf(*set)) ||
                    (!stays && pendingOf(*pod) == nullptr)) {
                    continue;
                }
                if (observed_.resizeRefused.empty()) {
                    over = false;
                    out_.patches.push_back(resizeOfPod(*pod, templateOf(*set)));
                }
            }
        }
        if (!over) {
            note(kAbandoned);
        }
    }

    const ScalableApp& app_;
    const Json wanted_;
    const Json& template_;  // of wanted_
    const Json& live_;
    const std::vector<const Json*>& children_;
    const Observed& observed_;
    std::vector<const Json*> replicaSets_;
    std::string stage_;
    bool begun_;
    bool templateDiffers_;
    const Json* set_ = nullptr;  // the ReplicaSet that has pods; with several, one of them
    int liveSets_ = 0;
    std::vector<const Json*> pods_;  // of it
    Resize out_;
};

}  // namespace

Resize resizeOf(const ScalableApp& app, Json wanted, const std::vector<const Json*>& children,
                const Observed& observed) {
    const auto* live = deploymentNamed(textAt(wanted, "/metadata/name"), children);
    const bool marked = live != nullptr && !noteOn(*live, kDigestAnnotation).empty();
    if (!observed.assumeServing || marked) {
        wanted["metadata"]["annotations"][kDigestAnnotation] =
            digestWithoutResources(templateOf(wanted));
    }
    if (observed.assumeServing) {
        return {.deployment = std::move(wanted)};  // for people: no mark that is not there
    }
    bool none = live == nullptr || (noteOn(*live, kResizeAnnotation).empty() &&
                                    sameResources(templateOf(wanted), templateOf(*live)));
    if (none) {
        return {.deployment = std::move(wanted)};
    }
    return Resizer(app, std::move(wanted), *live, children, observed).decide();
}

bool isResizing(const Json& deployment) {
    return noteOn(deployment, kResizeAnnotation).starts_with(kInPlace);
}

ResizeProgress resizeProgress(const Json& deployment, const Json& podTemplate,
                              const std::vector<const Json*>& children) {
    ResizeProgress out;
    for (const auto* set : controlledBy(deployment, "ReplicaSet", children)) {
        for (const auto* pod : podsOf(*set, children)) {
            ++out.pods;
            out.done += isResized(*pod, podTemplate) ? 1 : 0;
        }
    }
    return out;
}

}  // namespace plan
