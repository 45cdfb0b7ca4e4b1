#include "chaos/faults/pod_kill.h"

#include <algorithm>

#include "chaos/faults/selection.h"

namespace chaos::faults {
namespace {

const topology::Pod* find(const std::vector<topology::Pod>& pods, const std::string& uid) {
    auto found = std::find_if(pods.begin(), pods.end(),
                              [&](const topology::Pod& pod) { return pod.uid == uid; });
    return found == pods.end() ? nullptr : &*found;
}

// The server's stamps have whole seconds.
bool notBefore(base::WallTime deletedAt, base::WallTime intentAt) {
    return deletedAt >= std::chrono::floor<std::chrono::seconds>(intentAt);
}

void die(run::Evidence& evidence, base::WallTime now, const char* how) {
    evidence.hit = run::Hit::Dead;
    evidence.deadAt = now;
    evidence.message = how;
}

void miss(run::Evidence& evidence, const char* why) {
    evidence.hit = run::Hit::Missed;
    evidence.message = why;
}

Look lookPending(run::Evidence& evidence, const topology::Pod* pod, base::WallTime intentAt,
                 base::WallTime now) {
    if (pod == nullptr) {
        miss(evidence, "gone before this run's delete was seen to be accepted");
    } else if (!pod->deletedAt) {
        return Look::Apply;
    } else if (notBefore(*pod->deletedAt, intentAt)) {
        evidence.hit = run::Hit::Deleting;
        evidence.deletedAt = now;
    } else {
        miss(evidence, "somebody else deleted it before the intent");
    }
    return Look::Wait;
}

}  // namespace

std::vector<topology::Pod> candidates(std::vector<topology::Pod> pods, const std::string& zone,
                                      const std::string& role) {
    std::erase_if(pods, [&](const topology::Pod& pod) {
        return pod.ended || pod.deletedAt || (!zone.empty() && pod.zone != zone) ||
               (!role.empty() && pod.role != role);
    });
    std::sort(pods.begin(), pods.end(),
              [](const topology::Pod& a, const topology::Pod& b) { return a.name < b.name; });
    return pods;
}

std::vector<run::Target> choose(const std::vector<topology::Pod>& from, size_t count,
                                uint64_t seed) {
    std::vector<run::Target> out;
    for (auto index : sample(from.size(), count, seed)) {
        const auto& pod = from[index];
        out.push_back({.name = pod.name,
                       .uid = pod.uid,
                       .node = pod.node,
                       .zone = pod.zone,
                       .role = pod.role});
    }
    return out;
}

Look look(run::Evidence& evidence, const std::vector<topology::Pod>& pods, base::WallTime intentAt,
          base::WallTime now) {
    const auto* pod = find(pods, evidence.uid);
    switch (evidence.hit) {
        case run::Hit::Pending:
            return lookPending(evidence, pod, intentAt, now);
        case run::Hit::Accepted:
        case run::Hit::Deleting:
            if (pod == nullptr) {
                die(evidence, now, "left the API after its delete");
            } else if (pod->ended) {
                die(evidence, now, "its containers ended");
            } else if (pod->deletedAt) {
                evidence.hit = run::Hit::Deleting;
            }
            return Look::Wait;
        case run::Hit::Dead:
        case run::Hit::Missed:
            return Look::Wait;
    }
    return Look::Wait;
}

}  // namespace chaos::faults
