// ContainerKill: the container of a pod ends and is started anew by its kubelet, in the same pod.
//
// Nothing in the API ends a container, and this project execs into none. But the image of a running
// pod may be changed, and a kubelet that sees another name ends the container (as gracefully as the
// pod asks for) and starts it from that name: the fault writes another spelling of the same image
// (respelling.h), and in the same write the run and the number of restarts before it, so that the
// write itself is the record of having been done. The other spelling stays for the life of the pod:
// putting the old one back would kill the container again.
#include <algorithm>

#include "chaos/faults/evidence.h"
#include "chaos/faults/faults.h"
#include "chaos/faults/plan.h"
#include "chaos/faults/respelling.h"

namespace chaos::faults {
namespace {

using std::to_string;

class ContainerKill final : public Fault {
  public:
    const char* type() const override { return "ContainerKill"; }
    bool targetsReturn() const override { return true; }

    std::optional<Refusal> refuses(const api::ChaosExperimentSpec&,
                                   const run::Site& site) const override {
        if (site.containers) {
            return std::nullopt;
        }
        return Refusal{"FaultNotSupported",
                       "spec.fault.type ContainerKill: this process may not change pods; where it "
                       "may, install with chaos.containerKill=true (--container-kill)"};
    }

    Plan plan(const Scene& scene, uint64_t seed) const override {
        const auto& target = scene.run.spec.target;
        auto pods = tierPods(scene);
        auto from = candidates(pods, target.zone, target.role);
        auto there = from.size();
        std::erase_if(from, [](const topology::Pod& pod) {
            return !respelled(pod.container.image, pod.container.imageId);
        });
        if (static_cast<int64_t>(from.size()) < target.count) {
            auto plan = planOf(scene, {});
            refuse(plan, "NoTarget",
                   to_string(there) + " pods to choose from, of " + to_string(from.size()) +
                       " of them the image has another name to be restarted with; "
                       "spec.target.count asks for " +
                       to_string(target.count) + ": give the image a tag, or use PodKill");
            return plan;
        }
        auto plan = planOf(scene, choose(from, static_cast<size_t>(target.count), seed));
        plan.prediction.errorPercent =
            std::max(plan.prediction.errorPercent, unnoticedPercent(plan));
        checkCaps(plan, scene, static_cast<int64_t>(candidates(pods, "", "").size()));
        checkCapacity(plan, scene);
        return plan;
    }

    std::optional<run::Action> strike(const Scene& scene,
                                      const run::Evidence& target) const override {
        run::RestartContainer action{.namespace_ = scene.run.namespace_,
                                     .name = target.name,
                                     .uid = target.uid,
                                     .patch = {}};
        for (const auto& pod : scene.seen.pods) {
            if (pod.uid != target.uid) {
                continue;
            }
            auto image = respelled(pod.container.image, pod.container.imageId);
            action.patch = patchOf(scene, pod, image.value_or(pod.container.image));
        }
        return action;
    }

    Look look(const Scene& scene, run::Evidence& evidence,
              const std::vector<topology::Pod>& pods) const override {
        const auto* pod = podOf(evidence, pods);
        auto miss = [&](const char* why) {
            evidence.hit = run::Hit::Missed;
            evidence.message = why;
            return Look::Wait;
        };
        if (evidence.hit == run::Hit::Dead || evidence.hit == run::Hit::Missed) {
            return Look::Wait;
        }
        if (pod == nullptr || pod->deletedAt) {
            return miss("the whole pod went, and not by this run");
        }
        bool struck = pod->struckBy == scene.run.uid;
        if (evidence.hit == run::Hit::Pending && !struck) {
            return Look::Apply;
        }
        if (evidence.hit == run::Hit::Pending) {
            evidence.hit = run::Hit::Accepted;
            evidence.deletedAt = scene.seen.now;
        }
        if (struck && (pod->ended || pod->container.restarts > pod->restartsWhenStruck)) {
            evidence.hit = run::Hit::Dead;
            evidence.deadAt = scene.seen.now;
            evidence.message = "its container ended, to be started anew in the same pod";
        }
        return Look::Wait;
    }

  private:
    // A pod says when it goes, a container does not: visitors of its zone are sent to it until the
    // kubelet has noticed, for two seconds of the ten that are watched at least.
    static int64_t unnoticedPercent(const Plan& plan) {
        constexpr int64_t kUnnoticed = 2;
        constexpr int64_t kWatched = 10;
        return (shareInZone(plan) * kUnnoticed + kWatched - 1) / kWatched;
    }

    static base::Json patchOf(const Scene& scene, const topology::Pod& pod,
                              const std::string& image) {
        auto note = scene.run.uid + " " + to_string(pod.container.restarts);
        auto patch = base::Json::array(
            {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", pod.uid}},
             {{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", pod.version}},
             {{"op", "replace"}, {"path", "/spec/containers/0/image"}, {"value", image}}});
        if (pod.annotated) {
            patch.push_back({{"op", "add"},
                             {"path", "/metadata/annotations/scalableapp.dev~1chaos-struck"},
                             {"value", note}});
        } else {
            patch.push_back({{"op", "add"},
                             {"path", "/metadata/annotations"},
                             {"value", {{topology::kStruckAnnotation, note}}}});
        }
        return patch;
    }
};

}  // namespace

const Fault& containerKill() {
    static const ContainerKill fault;
    return fault;
}

}  // namespace chaos::faults
