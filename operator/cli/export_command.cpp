#include "cli/export_command.h"

#include <iostream>
#include <optional>

#include "base/json.h"
#include "cli/export.h"
#include "cli/lookup.h"
#include "cli/manifest.h"
#include "reconcile/resources.h"

namespace cli {
namespace {

// What to export, or the exit code of why not.
struct Source {
    api::ScalableApp app;
    ExportNames names;
    int code = kOk;
};

Source failed(int code) {
    Source out;
    out.code = code;
    return out;
}

Source named(api::ScalableApp app, const base::Json& object, const ExportFlags& flags) {
    Source out{.app = std::move(app), .names = {}};
    out.names.host = flags.host.empty()
                         ? base::stringAt(object, "/spec/loadBalancer/host").value_or("")
                         : flags.host;
    if (out.names.host.empty()) {
        return failed(complain("the name that visitors ask for is not known: give it with --host"));
    }
    out.names.origin = flags.origin.empty() ? "origin." + out.names.host : flags.origin;
    out.names.target = flags.target;
    return out;
}

Source fromFile(const Globals& globals, const ExportFlags& flags) {
    auto manifests = readManifests({flags.file}, globals.namespace_);
    if (manifests.unreadable) {
        return failed(complain(*manifests.unreadable));
    }
    if (!manifests.errors.empty()) {
        return failed(complain(manifests.errors.front(), kFailed));
    }
    for (const auto& manifest : manifests.apps) {
        bool only = flags.name.empty() && manifests.apps.size() == 1;
        if (only || manifest.app.name == flags.name) {
            return named(manifest.app, manifest.object, flags);
        }
    }
    return failed(
        complain(flags.file + " has no ScalableApp \"" + flags.name + "\": name one of those in it",
                 kFailed));
}

Source fromCluster(const Globals& globals, const ExportFlags& flags) {
    if (flags.name.empty()) {
        return failed(complain("name a ScalableApp, or a file with -f"));
    }
    auto session = connect(globals);
    if (!session) {
        return failed(complain(session.error().message));
    }
    kube::ObjectKey key{session->namespace_, flags.name};
    auto live = session->client->get(reconcile::scalableApps(), key, {});
    if (!live) {
        return failed(complainOfApp(key, live.error()));
    }
    auto object = (*live)->json();
    auto app = api::parseScalableApp(object, api::UnknownFields::Ignore);
    return app ? named(std::move(*app), object, flags)
               : failed(complain(app.error().message, kFailed));
}

Source sourceOf(const Globals& globals, const ExportFlags& flags) {
    return flags.file.empty() ? fromCluster(globals, flags) : fromFile(globals, flags);
}

base::Result<api::CdnProvider> choose(const api::ScalableApp& app, const std::string& name) {
    if (!app.cdn || app.cdn->providers.empty()) {
        return base::fail("ScalableApp \"" + app.name +
                          "\" names no provider: list one in `cdn.providers`");
    }
    std::string all;
    for (const auto& provider : app.cdn->providers) {
        if (provider.name == name || (name.empty() && app.cdn->providers.size() == 1)) {
            return provider;
        }
        all += (all.empty() ? "" : ", ") + provider.name;
    }
    return base::fail("choose one of the providers with --provider: it has " + all);
}

// Beside what may be piped into a file.
void tellNotes(const std::vector<std::string>& notes) {
    for (const auto& note : notes) {
        std::cerr << "not expressed: " << note << '\n';
    }
}

}  // namespace

int exportCdnCommand(const Globals& globals, const ExportFlags& flags) {
    auto source = sourceOf(globals, flags);
    if (source.code != kOk) {
        return source.code;
    }
    auto provider = choose(source.app, flags.provider);
    if (!provider) {
        return complain(provider.error().message, kFailed);
    }
    auto made = exportCdn(source.app, *provider, source.names);
    if (globals.output != "text") {
        std::cout << render({{"provider", provider->name},
                             {"configuration", made.text},
                             {"howTo", made.howTo},
                             {"notExpressed", made.notes}},
                            globals.output);
        return kOk;
    }
    std::cout << made.text;
    std::cerr << "apply it with: " << made.howTo << '\n';
    tellNotes(made.notes);
    return kOk;
}

int exportDnsCommand(const Globals& globals, const ExportFlags& flags) {
    auto source = sourceOf(globals, flags);
    if (source.code != kOk) {
        return source.code;
    }
    auto records = exportDns(source.app, source.names);
    if (!records) {
        return complain(records.error().message, kFailed);
    }
    std::cout << render(records->object, globals.output == "text" ? "yaml" : globals.output);
    tellNotes(records->notes);
    return kOk;
}

}  // namespace cli
