#include "cli/zone_command.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "api/traffic.h"
#include "base/json.h"
#include "cli/lookup.h"

namespace cli {
namespace {

using base::Json;

std::string annotationOf(const std::string& zone) {
    return "drained-weight.scalableapp.dev/" + zone;
}

int64_t weightOf(const Json& zone) {
    return base::intAt(zone, "/weight").value_or(api::kDefaultZoneWeight);
}

std::string nameOf(const Json& zone) {
    return base::stringAt(zone, "/name").value_or("");
}

std::string said(const Json& app) {
    return "ScalableApp \"" + base::stringAt(app, "/metadata/name").value_or("") + "\"";
}

base::Result<Json> zonesWith(const Json& app, const std::string& zone) {
    std::string names;
    for (const auto& one : base::arrayAt(app, "/spec/zones")) {
        if (nameOf(one) == zone) {
            return base::arrayAt(app, "/spec/zones");
        }
        names += (names.empty() ? "" : ", ") + nameOf(one);
    }
    return base::fail(said(app) + " names no zone \"" + zone +
                      "\": " + (names.empty() ? "it has none in `zones`" : "it has " + names));
}

Json patchOf(const Json& app, const std::string& zone, const Json& zones, const Json& remembered) {
    return {{"metadata",
             {{"resourceVersion", base::stringAt(app, "/metadata/resourceVersion").value_or("")},
              {"annotations", {{annotationOf(zone), remembered}}}}},
            {"spec", {{"zones", zones}}}};
}

std::optional<std::string> remembered(const Json& app, const std::string& zone) {
    const auto* notes = base::at(app, "/metadata/annotations");
    auto found = notes == nullptr ? Json() : notes->value(annotationOf(zone), Json());
    return found.is_string() ? std::optional(found.get<std::string>()) : std::nullopt;
}

using MakePatch = base::Result<Json> (*)(const Json&, const std::string&);

void say(const Globals& globals, const ZoneFlags& flags, const Json& app, const std::string& what) {
    if (globals.output != "text") {
        std::cout << render(app, globals.output);
        return;
    }
    std::cout << "zone " << flags.zone << " of " << flags.name << what
              << "; watch: kubectl scalableapp status " << flags.name << " -w\n";
}

// The status changes all the time, and with it the version that the patch carries.
constexpr int kMostTries = 8;

int change(const Globals& globals, const ZoneFlags& flags, MakePatch makePatch,
           const std::string& what) {
    return withApp(globals, flags.name, [&](const NamedApp& app) {
        Json json = app.json;
        for (int tries = 1;; ++tries) {
            auto patch = makePatch(json, flags.zone);
            if (!patch) {
                return complain(patch.error().message, kFailed);
            }
            auto done = app.merge(*patch);
            if (done) {
                say(globals, flags, (*done)->json(), what);
                return kOk;
            }
            bool again = done.error().is(kube::ErrorKind::Conflict) && tries < kMostTries;
            auto now = again ? app.again() : std::move(done);
            if (!now) {
                return complainOfApp(app.key, now.error());
            }
            json = (*now)->json();
        }
    });
}

}  // namespace

base::Result<Json> drainPatch(const Json& app, const std::string& zone) {
    auto zones = zonesWith(app, zone);
    if (!zones) {
        return base::fail(zones.error().message);
    }
    bool others = std::any_of(zones->begin(), zones->end(), [&](const Json& one) {
        return nameOf(one) != zone && weightOf(one) > 0;
    });
    if (!others) {
        return base::fail("zone \"" + zone + "\" is the last one of " + said(app) +
                          " with a weight above 0: bring back or add another one first");
    }
    Json note = remembered(app, zone) ? Json(*remembered(app, zone)) : Json();
    for (auto& one : *zones) {
        if (nameOf(one) == zone && weightOf(one) > 0) {
            note = std::to_string(weightOf(one));
        }
        if (nameOf(one) == zone) {
            one["weight"] = 0;
        }
    }
    return patchOf(app, zone, *zones, note);
}

base::Result<Json> undrainPatch(const Json& app, const std::string& zone) {
    auto zones = zonesWith(app, zone);
    if (!zones) {
        return base::fail(zones.error().message);
    }
    int64_t weight = std::strtoll(remembered(app, zone).value_or("").c_str(), nullptr, 10);
    for (auto& one : *zones) {
        if (nameOf(one) == zone && weightOf(one) == 0) {
            one["weight"] = weight > 0 ? weight : api::kDefaultZoneWeight;
        }
    }
    return patchOf(app, zone, *zones, Json());
}

int drainCommand(const Globals& globals, const ZoneFlags& flags) {
    return change(globals, flags, drainPatch,
                  " is being drained: the other zones get its pods first");
}

int undrainCommand(const Globals& globals, const ZoneFlags& flags) {
    return change(globals, flags, undrainPatch, " is being brought back");
}

}  // namespace cli
