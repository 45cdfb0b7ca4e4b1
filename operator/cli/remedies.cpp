#include "cli/remedies.h"

#include <map>

namespace cli {
namespace {

using Remedies = std::map<std::string, const char*>;

// Fields that only the web tier has: the other tiers run programs of the operator's choice.
const Remedies& remediesOfWeb() {
    static const Remedies kWeb{
        {"CreateContainerConfigError",
         "make the Secret or ConfigMap that the message names, or correct `web.env`"},
        {"RunContainerError",
         "correct `web.command` and `web.args`: the program cannot be started"},
        {"NotReady",
         "let the program answer the path and port that the message names, or correct `web.port` "
         "and `web.health.path`: kubectl -n $NS logs -l $PODS"},
    };
    return kWeb;
}

// $APP, $NS, $PODS and $WEB (the labels of the pods of the tier and of the web tier) and "$TIER."
// (before its fields) are filled in.
const Remedies& remedies() {
    static const Remedies kAll{
        // Images.
        {"ImagePullBackOff",
         "correct `$TIER.image`, or push it; for a private registry name its Secret in "
         "`$TIER.overrides.imagePullSecrets`"},
        {"InvalidImageName", "correct `$TIER.image`: it is no image name"},
        {"ErrImageNeverPull", "load the image on the nodes, or let them pull it"},
        {"ImageInspectError",
         "the node cannot read the image: push it again, or see the node's "
         "container runtime"},
        // Containers.
        {"CreateContainerConfigError",
         "make the Secret or ConfigMap that the message names, or correct "
         "`$TIER.overrides.podTemplatePatch`"},
        {"CreateContainerError", "kubectl -n $NS describe pods -l $PODS"},
        {"RunContainerError",
         "the program cannot be started: correct `$TIER.image` and "
         "`$TIER.overrides.podTemplatePatch`"},
        {"CrashLoopBackOff", "see why it ends: kubectl -n $NS logs -l $PODS --previous"},
        {"OOMKilled", "raise `$TIER.resources.limits.memory`, or let the program use less"},
        {"NotReady", "see why it does not answer: kubectl -n $NS logs -l $PODS"},
        // Places.
        {"Unschedulable",
         "add or label nodes, or ask for less in `$TIER.resources`: kubectl -n $NS describe pods "
         "-l "
         "$PODS"},
        {"NodeNotReady",
         "see what is wrong with the node: kubectl describe node; its pods are made "
         "elsewhere once the cluster gives it up"},
        {"ZoneShort", "see the zone's nodes: kubectl get nodes -L topology.kubernetes.io/zone"},
        {"ZoneLost",
         "bring the zone back, or take it out: kubectl scalableapp zone drain $APP ZONE -n $NS"},
        // What the namespace allows.
        {"QuotaExceeded",
         "raise the quota, or ask for less: kubectl -n $NS describe resourcequota"},
        {"LimitRangeViolation",
         "keep `$TIER.resources` within the limits: kubectl -n $NS describe limitrange"},
        {"PodSecurityViolation",
         "take what the message names out of `$TIER.overrides.podTemplatePatch`, or relax the "
         "namespace's label pod-security.kubernetes.io/enforce"},
        {"ServiceAccountMissing",
         "make the account that `$TIER.overrides.serviceAccountName` names, or correct it"},
        {"AdmissionDenied", "meet the policy that the message names, or ask whoever keeps it"},
        {"AdmissionWebhookFailed",
         "the webhook that the message names does not answer: bring it back, or remove it"},
        {"PodCreationFailed", "kubectl -n $NS describe replicasets -l $PODS"},
        // The spec.
        {"InvalidSpec", "correct the field that the message names"},
        {"InvalidPatch", "correct `$TIER.overrides.podTemplatePatch`"},
        {"ObjectConflict",
         "delete or rename the object that the message names: it is somebody else's"},
        {"Forbidden", "give the operator the right that the message names: upgrade its chart"},
        {"ApplyFailed", "see what the API server says, in the message; the operator tries again"},
        {"ProgressDeadlineExceeded",
         "see what its pods wait for: kubectl scalableapp tree $APP -n $NS"},
        {"ScaledToZero", "raise `web.replicas` to serve"},
        {"Paused", "let the operator go on: kubectl scalableapp resume $APP -n $NS"},
        // The way in.
        {"WaitingForAddress",
         "see whether a controller takes care of it: kubectl -n $NS describe services,ingresses"},
        {"GatewayAPIMissing", "install the Gateway API, or set `loadBalancer.exposure` to Ingress"},
        {"GatewayClassUnknown", "set `exposure.gatewayClassName` in the operator's chart"},
        {"SecretMissing",
         "make the Secret that `loadBalancer.tlsSecretName` names: kubectl -n $NS "
         "create secret tls NAME --cert=FILE --key=FILE"},
        // The load balancer and the edges.
        {"Open", "see why the web pods answer with errors: kubectl -n $NS logs -l $WEB"},
        {"HalfOpen", "see why the web pods answered with errors: kubectl -n $NS logs -l $WEB"},
        {"OriginDown", "bring an origin back: the web tier, or one of `cdn.origins`"},
        {"OriginFails", "see why the origin answers with errors: kubectl -n $NS logs -l $WEB"},
        {"PathShadowed",
         "put the path that the message names before the one that covers it, or take it out of "
         "`cdn.paths`"},
        {"OriginUnreachable", "correct `cdn.origins`, or bring that origin back"},
    };
    return kAll;
}

void fillIn(std::string& text, const std::string& mark, const std::string& value) {
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
        text.replace(at, mark.size(), value);
        at += value.size();
    }
}

std::string podsOf(const std::string& app, const std::string& tier) {
    return "scalableapp.dev/app=" + app + (tier.empty() ? "" : ",scalableapp.dev/tier=" + tier);
}

std::string textOf(const std::string& reason, const std::string& tier) {
    auto ofWeb = remediesOfWeb().find(reason);
    if (tier == "web" && ofWeb != remediesOfWeb().end()) {
        return ofWeb->second;
    }
    auto found = remedies().find(reason);
    return found == remedies().end() ? "" : found->second;
}

}  // namespace

std::string remedyFor(const std::string& reason, const Where& where) {
    std::string out = textOf(reason, where.tier);
    fillIn(out, "$TIER.", where.tier.empty() ? "" : where.tier + ".");
    fillIn(out, "$PODS", podsOf(where.app, where.tier));
    fillIn(out, "$WEB", podsOf(where.app, "web"));
    fillIn(out, "$NS", where.namespace_);
    fillIn(out, "$APP", where.app);
    return out;
}

}  // namespace cli
