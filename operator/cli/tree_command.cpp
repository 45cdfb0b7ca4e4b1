#include "cli/tree_command.h"

#include <iostream>

#include "base/json.h"
#include "cli/lookup.h"
#include "cli/tree_view.h"
#include "reconcile/resources.h"

namespace cli {

int treeCommand(const Globals& globals, const TreeFlags& flags) {
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    kube::ObjectKey key{session->namespace_, flags.name};
    auto app = session->client->get(reconcile::scalableApps(), key, {});
    if (!app) {
        return complainOfApp(key, app.error());
    }
    auto children = childrenOf(*session->client, (*app)->meta());
    if (!children) {
        return complain(children.error().str(), kFailed);
    }
    auto root = treeOf((*app)->json(), *children);
    std::cout << (globals.output == "text" ? text(root) : render(json(root), globals.output));
    return kOk;
}

}  // namespace cli
