#include "cli/pause_command.h"

#include <iostream>

#include "base/json.h"
#include "cli/lookup.h"

namespace cli {
namespace {

constexpr const char* kManage = "Manage";
constexpr const char* kObserve = "Observe";

int setManagement(const Globals& globals, const std::string& name, const char* wanted,
                  const char* done) {
    return withApp(globals, name, [&](const NamedApp& app) {
        auto is = base::stringAt(app.json, "/spec/management").value_or(kManage);
        bool text = globals.output == "text";
        if (is == wanted) {
            std::cout << (text ? name + " was " + done + " before\n"
                               : render(app.json, globals.output));
            return kOk;
        }
        auto patched = app.merge({{"spec", {{"management", wanted}}}});
        if (!patched) {
            return complainOfApp(app.key, patched.error());
        }
        std::cout << (text ? name + " is " + done + "\n"
                           : render((*patched)->json(), globals.output));
        return kOk;
    });
}

}  // namespace

int pauseCommand(const Globals& globals, const PauseFlags& flags) {
    return setManagement(globals, flags.name, kObserve,
                         "paused (spec.management: Observe; `resume` ends it)");
}

int resumeCommand(const Globals& globals, const PauseFlags& flags) {
    return setManagement(globals, flags.name, kManage, "managed (spec.management: Manage)");
}

}  // namespace cli
