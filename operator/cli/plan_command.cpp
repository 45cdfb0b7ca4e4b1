#include "cli/plan_command.h"

#include <iostream>

#include "base/clock.h"
#include "base/json.h"
#include "cli/changes.h"
#include "cli/lookup.h"
#include "cli/manifest.h"
#include "plan/diff.h"
#include "plan/plan.h"
#include "reconcile/observe.h"
#include "reconcile/resources.h"
#include "reconcile/surroundings.h"

namespace cli {
namespace {

// An owner that has no UID yet, or a namespace that nobody named, is not worth printing.
base::Json printable(base::Json object, const base::Json& app) {
    auto& metadata = object["metadata"];
    if (base::at(app, "/metadata/uid") == nullptr) {
        metadata.erase("ownerReferences");
    }
    if (base::at(app, "/metadata/namespace") == nullptr) {
        metadata.erase("namespace");
    }
    return object;
}

void printObjects(const std::vector<Manifest>& apps, const std::string& output) {
    base::Json items = base::Json::array();
    for (const auto& manifest : apps) {
        for (const auto& intent : plan::intentsFor(manifest.app)) {
            items.push_back(printable(intent.object, manifest.object));
        }
    }
    if (output == "json") {
        std::cout << render({{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}}, output);
        return;
    }
    for (const auto& item : items) {
        std::cout << "---\n" << render(item, output);
    }
}

// --- the difference to a cluster

// How the operator was started is not known here: what it made tells.
reconcile::ExposureSettings settingsSeen(const std::vector<base::Json>& children) {
    reconcile::ExposureSettings out;
    for (const auto& child : children) {
        auto text = [&](const char* pointer) {
            return base::stringAt(child, pointer).value_or("");
        };
        auto kind = text("/kind");
        if (kind == "Ingress") {
            out.ingressClass = text("/spec/ingressClassName");
        } else if (kind == "Gateway") {
            out.gatewayClass = text("/spec/gatewayClassName");
        } else if (kind == "HTTPRoute" && !text("/spec/parentRefs/0/namespace").empty()) {
            out.sharedGateway =
                text("/spec/parentRefs/0/namespace") + "/" + text("/spec/parentRefs/0/name");
        }
    }
    return out;
}

const base::Json* childNamed(const std::vector<base::Json>& children, const std::string& kind,
                             const std::string& name) {
    for (const auto& child : children) {
        if (base::stringAt(child, "/kind") == kind &&
            base::stringAt(child, "/metadata/name") == name) {
            return &child;
        }
    }
    return nullptr;
}

kube::ApiResult<Change> compareOne(kube::Client& client, const base::Json& intent,
                                   const kube::Meta& app) {
    const auto* type = reconcile::childType(base::stringAt(intent, "/apiVersion").value_or(""),
                                            base::stringAt(intent, "/kind").value_or(""));
    if (type == nullptr) {
        return changeOf(intent, nullptr, Action::Make);
    }
    auto live = client.get(
        *type, {app.key.namespace_, base::stringAt(intent, "/metadata/name").value_or("")}, {});
    if (!live && !live.error().is(kube::ErrorKind::NotFound)) {
        return base::failWith(live.error());
    }
    if (!live) {
        return changeOf(intent, nullptr, Action::Make);
    }
    auto object = (*live)->json();
    if (reconcile::ownershipOf((*live)->meta(), app) != reconcile::Ownership::Ours) {
        auto refused = changeOf(intent, &object, Action::Refuse);
        refused.effect = "it exists and is not this application's: delete or rename one of them";
        return refused;
    }
    return changeOf(intent, &object, plan::differs(intent, object) ? Action::Change : Action::Keep);
}

kube::ApiResult<std::vector<Change>> compareAll(kube::Client& client, Manifest manifest) {
    kube::Meta meta;
    meta.key = {manifest.app.namespace_, manifest.app.name};
    auto live = client.get(reconcile::scalableApps(), meta.key, {});
    if (!live && !live.error().is(kube::ErrorKind::NotFound)) {
        return base::failWith(live.error());
    }
    std::vector<base::Json> children;
    base::Json before = live ? (*live)->json() : base::Json::object();
    if (live) {
        meta = (*live)->meta();
        manifest.app.uid = meta.uid;
        auto found = childrenOf(client, meta);
        if (!found) {
            return base::failWith(found.error());
        }
        children = std::move(*found);
    }
    reconcile::SurroundingsReader reader(client, settingsSeen(children), base::systemClock());
    plan::Observed seen;
    seen.now = base::systemClock().wall();
    auto around = reader.look(manifest.app, before, {});
    if (!around) {
        return base::failWith(around.error());
    }
    seen.around = std::move(around).value();
    seen.children = std::move(children);
    auto plan = plan::planApp(manifest.app, seen);
    std::vector<Change> changes;
    for (const auto& refusal : plan.refusals) {
        changes.push_back({.action = Action::Refuse,
                           .kind = "ScalableApp",
                           .name = manifest.app.name,
                           .fields = {},
                           .effect = refusal});
    }
    for (const auto& intent : plan.intents) {
        auto change = compareOne(client, intent.object, meta);
        if (!change) {
            return base::failWith(change.error());
        }
        for (const auto& scale : plan.scales) {
            const auto* there = childNamed(seen.children, scale.kind, scale.name);
            if (there != nullptr && scale.kind == change->kind && scale.name == change->name) {
                addCount(*change, *there, scale.replicas);
            }
        }
        changes.push_back(*change);
    }
    for (const auto& removal : plan.removals) {
        for (const auto& child : seen.children) {
            if (base::stringAt(child, "/metadata/uid") == removal.uid) {
                changes.push_back(changeOf(child, &child, Action::Remove));
            }
        }
    }
    return changes;
}

int printDifferences(const Globals& globals, const std::vector<Manifest>& apps) {
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    base::Json all = base::Json::array();
    for (auto manifest : apps) {
        if (base::at(manifest.object, "/metadata/namespace") == nullptr) {
            manifest.app.namespace_ = session->namespace_;
        }
        auto changes = compareAll(*session->client, manifest);
        if (!changes) {
            return complain(changes.error().str(), kFailed);
        }
        std::string title = manifest.app.name + " in " + manifest.app.namespace_;
        if (globals.output == "text") {
            std::cout << text(title, *changes);
        } else {
            all.push_back(json(title, *changes));
        }
    }
    if (globals.output != "text") {
        std::cout << render(all, globals.output);
    }
    return kOk;
}

}  // namespace

int planCommand(const Globals& globals, const PlanFlags& flags) {
    auto manifests = readManifests(flags.files, globals.namespace_);
    if (manifests.unreadable) {
        return complain(*manifests.unreadable);
    }
    for (const auto& error : manifests.errors) {
        complain(error, kFailed);
    }
    if (!manifests.errors.empty()) {
        return kFailed;
    }
    if (manifests.apps.empty()) {
        return complain("no ScalableApp in what was given" +
                            (manifests.skipped.empty() ? std::string()
                                                       : " (" + manifests.skipped.front() + ")"),
                        kFailed);
    }
    if (flags.diff) {
        return printDifferences(globals, manifests.apps);
    }
    printObjects(manifests.apps, globals.output);
    return kOk;
}

}  // namespace cli
