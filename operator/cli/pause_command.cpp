#include "cli/pause_command.h"

#include <iostream>

#include "base/json.h"
#include "cli/lookup.h"
#include "reconcile/resources.h"

namespace cli {
namespace {

constexpr const char* kManage = "Manage";
constexpr const char* kObserve = "Observe";

int setManagement(const Globals& globals, const std::string& name, const char* wanted,
                  const char* done) {
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    kube::ObjectKey key{session->namespace_, name};
    auto app = session->client->get(reconcile::scalableApps(), key, {});
    if (!app) {
        return complainOfApp(key, app.error());
    }
    auto is = base::stringAt((*app)->json(), "/spec/management").value_or(kManage);
    bool text = globals.output == "text";
    if (is == wanted) {
        std::cout << (text ? name + " was " + done + " before\n"
                           : render((*app)->json(), globals.output));
        return kOk;
    }
    auto patched =
        session->client->patch(reconcile::scalableApps(), key, kube::PatchType::MergePatch,
                               {{"spec", {{"management", wanted}}}}, {});
    if (!patched) {
        return complainOfApp(key, patched.error());
    }
    std::cout << (text ? name + " is " + done + "\n" : render((*patched)->json(), globals.output));
    return kOk;
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
