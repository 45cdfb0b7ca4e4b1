#include "chaos/faults/evidence.h"

#include <algorithm>

namespace chaos::faults {
namespace {

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

const topology::Pod* podOf(const run::Evidence& evidence, const std::vector<topology::Pod>& pods) {
    auto found = std::find_if(pods.begin(), pods.end(),
                              [&](const topology::Pod& pod) { return pod.uid == evidence.uid; });
    return found == pods.end() ? nullptr : &*found;
}

Look look(run::Evidence& evidence, const std::vector<topology::Pod>& pods, base::WallTime intentAt,
          base::WallTime now) {
    const auto* pod = podOf(evidence, pods);
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
