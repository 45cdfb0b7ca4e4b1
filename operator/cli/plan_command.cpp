#include "cli/plan_command.h"

#include <algorithm>
#include <iostream>

#include "base/clock.h"
#include "base/json.h"
#include "cli/changes.h"
#include "cli/lookup.h"
#include "cli/manifest.h"
#include "cli/steps.h"
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

int printObjects(const std::vector<Manifest>& apps, const std::string& output) {
    base::Json items = base::Json::array();
    int outcome = kOk;
    for (const auto& manifest : apps) {
        auto objects = plan::objectsOf(manifest.app);
        for (const auto& intent : objects.intents) {
            items.push_back(printable(intent.object, manifest.object));
        }
        for (const auto& refusal : objects.refusals) {
            outcome = complain(manifest.app.name + ": " + refusal, kFailed);
        }
    }
    if (output == "json") {
        std::cout << render({{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}}, output);
        return outcome;
    }
    for (const auto& item : items) {
        std::cout << "---\n" << render(item, output);
    }
    return outcome;
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

// Those that have the name of one that is wanted, whoever's they are.
kube::ApiResult<LiveObjects> liveObjects(kube::Client& client, const Steps& steps,
                                         const kube::Meta& app) {
    LiveObjects out;
    for (const auto* object : steps.objects()) {
        const auto* type = reconcile::childType(base::stringAt(*object, "/apiVersion").value_or(""),
                                                base::stringAt(*object, "/kind").value_or(""));
        auto identity = identityOf(*object);
        if (type == nullptr || out.contains(identity)) {
            continue;
        }
        auto name = base::stringAt(*object, "/metadata/name").value_or("");
        auto live = client.get(*type, {app.key.namespace_, name}, {});
        if (!live && !live.error().is(kube::ErrorKind::NotFound)) {
            return base::failWith(live.error());
        }
        if (live) {
            bool ours = reconcile::ownershipOf((*live)->meta(), app) == reconcile::Ownership::Ours;
            out[identity] = {.object = (*live)->json(), .ours = ours};
        }
    }
    return out;
}

kube::ApiResult<std::vector<Change>> compareAll(kube::Client& client, Manifest manifest) {
    kube::Meta meta;
    meta.key = {manifest.app.namespace_, manifest.app.name};
    auto live = client.get(reconcile::scalableApps(), meta.key, {});
    if (!live && !live.error().is(kube::ErrorKind::NotFound)) {
        return base::failWith(live.error());
    }
    plan::Observed seen;
    base::Json before = live ? (*live)->json() : base::Json::object();
    if (live) {
        meta = (*live)->meta();
        manifest.app.uid = meta.uid;
        auto found = childrenOf(client, meta);
        if (!found) {
            return base::failWith(found.error());
        }
        seen.children = std::move(*found);
    }
    reconcile::SurroundingsReader reader(client, settingsSeen(seen.children), base::systemClock());
    seen.now = base::systemClock().wall();
    auto around = reader.look(manifest.app, before, {});
    if (!around) {
        return base::failWith(around.error());
    }
    seen.around = std::move(around).value();
    auto steps = stepsOf(manifest.app, seen);
    auto objects = liveObjects(client, steps, meta);
    if (!objects) {
        return base::failWith(objects.error());
    }
    return changesOf(manifest.app, steps, seen, *objects);
}

int printDifferences(const Globals& globals, const std::vector<Manifest>& apps) {
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    base::Json all = base::Json::array();
    int outcome = kOk;
    for (auto manifest : apps) {
        if (base::at(manifest.object, "/metadata/namespace") == nullptr) {
            manifest.app.namespace_ = session->namespace_;
        }
        auto changes = compareAll(*session->client, manifest);
        if (!changes) {
            return complain(changes.error().str(), kFailed);
        }
        bool refused = std::any_of(changes->begin(), changes->end(), [](const Change& change) {
            return change.action == Action::Refuse;
        });
        outcome = refused ? kFailed : outcome;
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
    return outcome;
}

// Beside what may be piped into a file.
void tellOfObserve(const std::vector<Manifest>& apps) {
    for (const auto& manifest : apps) {
        if (manifest.app.management == api::Management::Observe) {
            std::cerr
                << manifest.app.name
                << ": nothing is applied, because `management` is Observe: set it to Manage\n";
        }
    }
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
    tellOfObserve(manifests.apps);
    if (flags.diff) {
        return printDifferences(globals, manifests.apps);
    }
    return printObjects(manifests.apps, globals.output);
}

}  // namespace cli
