#include "plan/cdn_epoch.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "plan/cdn_groups.h"
#include "plan/children.h"
#include "plan/diff.h"
#include "plan/pod_resources.h"
#include "plan/root_cause.h"
#include "plan/web_groups.h"
#include "plan/web_pods.h"

namespace plan {
namespace {

using api::ScalableApp;
using base::Json;
using base::textAt;

constexpr size_t kPartLength = 8;
constexpr const char* kRevision = "deployment.kubernetes.io/revision";

std::string digestOf(const Json& content) {
    return intentHash(content).substr(0, kPartLength);
}

int64_t revisionOf(const Json& deployment) {
    const auto* notes = base::at(deployment, "/metadata/annotations");
    return notes == nullptr ? 0 : std::strtoll(notes->value(kRevision, "0").c_str(), nullptr, 10);
}

std::string ownerOf(const Json& child) {
    for (const auto& owner : base::arrayAt(child, "/metadata/ownerReferences")) {
        if (base::boolAt(owner, "/controller") == true) {
            return textAt(owner, "/uid");
        }
    }
    return "";
}

// The web tier as it is, against what its pods are to be.
class Content {
  public:
    Content(const ScalableApp& app, const Observed& observed)
        : app_(app), now_(observed.now), children_(childrenOf(observed, kWebTier)) {
        for (const auto* child : children_) {
            auto kind = textAt(*child, "/kind");
            if (kind == "ReplicaSet") {
                replicaSets_[textAt(*child, "/metadata/uid")] = child;
            } else if (kind == "Deployment") {
                deployments_[textAt(*child, "/metadata/uid")] = child;
            }
        }
    }

    bool settled() const {
        auto groups = webGroups(app_);
        return std::all_of(groups.begin(), groups.end(),
                           [&](const WebGroup& group) { return rolledOut(group); }) &&
               std::all_of(children_.begin(), children_.end(), [&](const Json* child) {
                   return textAt(*child, "/kind") != "Pod" || isPastItsTime(*child, now_) ||
                          isCurrent(*child);
               });
    }

    std::string digest() const {
        auto pod = webTemplate(app_, "");
        Json content = pod ? withoutResources(*pod).at("spec") : Json();
        if (pod) {
            // Where pods run, and with what, says nothing of what they answer.
            content.erase("topologySpreadConstraints");
        }
        int64_t revision = 0;
        for (const auto& group : webGroups(app_)) {
            const auto* deployment = find(group.name);
            revision = std::max(revision, deployment == nullptr ? 0 : revisionOf(*deployment));
        }
        return digestOf({{"content", content}, {"revision", revision}});
    }

  private:
    const Json* find(const std::string& name) const {
        for (const auto& [uid, deployment] : deployments_) {
            if (textAt(*deployment, "/metadata/name") == name) {
                return deployment;
            }
        }
        return nullptr;
    }

    bool isAsked(const Json& deployment) const {
        auto pod = webTemplate(app_, zoneOf(deployment));
        return pod && !differs({{"spec", {{"template", *pod}}}}, deployment);
    }

    bool rolledOut(const WebGroup& group) const {
        const auto* deployment = find(group.name);
        auto count = [&](const char* pointer) {
            return base::intAt(*deployment, pointer).value_or(0);
        };
        return deployment != nullptr && isAsked(*deployment) &&
               count("/status/observedGeneration") >= count("/metadata/generation") &&
               count("/status/updatedReplicas") == count("/status/replicas");
    }

    bool isCurrent(const Json& pod) const {
        auto set = replicaSets_.find(ownerOf(pod));
        const Json* deployment = nullptr;
        if (set != replicaSets_.end()) {
            auto found = deployments_.find(ownerOf(*set->second));
            deployment = found == deployments_.end() ? nullptr : found->second;
        }
        if (deployment != nullptr) {
            return isAsked(*deployment) && revisionOf(*set->second) == revisionOf(*deployment);
        }
        return answersTheSame(pod);
    }

    // Of a Deployment that is gone: by what it runs.
    bool answersTheSame(const Json& pod) const {
        auto wanted = webTemplate(app_, "");
        const auto* asked = wanted ? base::at(*wanted, "/spec/containers/0") : nullptr;
        const auto* runs = base::at(pod, "/spec/containers/0");
        if (asked == nullptr || runs == nullptr) {
            return false;
        }
        return std::all_of(kContent.begin(), kContent.end(), [&](const char* field) {
            return asked->value(field, Json()) == runs->value(field, Json());
        });
    }

    inline static const std::vector<const char*> kContent{"image", "command", "args", "env"};

    const ScalableApp& app_;
    base::WallTime now_;
    std::vector<const Json*> children_;
    std::map<std::string, const Json*> replicaSets_;
    std::map<std::string, const Json*> deployments_;
};

// The content's part of the epoch that the edges were given last; empty: none was.
std::string contentBefore(const Observed& observed) {
    for (const auto* child : childrenOf(observed, kEdgeTier)) {
        const auto* notes = base::at(*child, "/metadata/annotations");
        std::string epoch = notes == nullptr ? "" : notes->value(kEpochAnnotation, "");
        if (textAt(*child, "/kind") == "Deployment" && !epoch.empty()) {
            return epoch.substr(0, kPartLength);
        }
    }
    return "";
}

}  // namespace

Epoch epochOf(const ScalableApp& app, const Observed& observed) {
    Content content(app, observed);
    Epoch out{.value = "", .settled = observed.assumeServing || content.settled()};
    std::string before = out.settled ? "" : contentBefore(observed);
    out.value = (before.empty() ? content.digest() : before) + "-" +
                digestOf({{"purge", app.cdn ? app.cdn->purgeToken : ""}});
    return out;
}

}  // namespace plan
