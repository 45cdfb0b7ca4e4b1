#include "cli/purge_command.h"

#include <chrono>
#include <iostream>
#include <thread>

#include "api/condition.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/lookup.h"
#include "cli/token.h"

namespace cli {
namespace {

using base::Json;

constexpr std::chrono::milliseconds kPoll{250};

int finish(const Globals& globals, const Json& app, const std::string& name,
           const PurgeProgress& progress) {
    if (globals.output != "text") {
        std::cout << render(
            {{"name", name},
             {"epoch", progress.epoch},
             {"edgesOnEpoch", base::stringAt(app, "/status/cdn/edgesOnEpoch").value_or("")}},
            globals.output);
        return kOk;
    }
    std::cout << name << " is purged: " << progress.text << '\n';
    return kOk;
}

// Until every edge says so.
int awaitPurge(const Globals& globals, const PurgeFlags& flags, const NamedApp& app,
               int64_t generation) {
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(flags.timeoutSeconds);
    PurgeProgress progress;
    std::string told;
    while (std::chrono::steady_clock::now() < deadline) {
        auto now = app.again();
        if (!now && !now.error().transient()) {
            return complainOfApp(app.key, now.error());
        }
        if (now) {
            progress = purgeProgress((*now)->json(), generation);
        }
        if (progress.done) {
            return finish(globals, (*now)->json(), flags.name, progress);
        }
        if (progress.text != told && globals.output == "text") {
            std::cout << progress.text << std::endl;
            told = progress.text;
        }
        std::this_thread::sleep_for(kPoll);
    }
    return complain("not purged within " + std::to_string(flags.timeoutSeconds) +
                        " s: " + progress.text + " (it goes on; see status " + flags.name + ")",
                    kFailed);
}

}  // namespace

base::Result<Json> purgePatch(const Json& app, const std::string& token) {
    auto name = base::stringAt(app, "/metadata/name").value_or("");
    if (base::at(app, "/spec/cdn") == nullptr) {
        return base::fail("ScalableApp \"" + name +
                          "\" has no `cdn`: there is nothing that keeps answers");
    }
    if (base::stringAt(app, "/spec/management") == "Observe") {
        return base::fail("ScalableApp \"" + name +
                          "\" is paused, nobody would tell the edges: resume it first");
    }
    return Json{{"spec", {{"cdn", {{"purgeToken", token}}}}}};
}

PurgeProgress purgeProgress(const Json& app, int64_t generation) {
    PurgeProgress out{.text = "the operator has not seen it yet",
                      .epoch = base::stringAt(app, "/status/cdn/epoch").value_or("")};
    if (base::intAt(app, "/status/observedGeneration").value_or(0) < generation) {
        return out;
    }
    auto conditions = api::parseConditions(base::arrayAt(app, "/status/conditions"));
    const auto* ready = api::findCondition(conditions, "CDNReady");
    out.done = ready != nullptr && ready->status == api::kTrue;
    out.text = base::stringAt(app, "/status/cdn/edgesOnEpoch").value_or("0/0") +
               " edges on epoch " + out.epoch;
    if (ready != nullptr && !out.done && ready->reason != "Purging") {
        out.text = ready->message;
    }
    return out;
}

int purgeCommand(const Globals& globals, const PurgeFlags& flags) {
    return withApp(globals, flags.name, [&](const NamedApp& app) {
        auto patch = purgePatch(app.json, freshToken());
        if (!patch) {
            return complain(patch.error().message, kFailed);
        }
        auto done = app.merge(*patch);
        return done ? awaitPurge(globals, flags, app, (*done)->meta().generation)
                    : complainOfApp(app.key, done.error());
    });
}

}  // namespace cli
