#include "cli/status_command.h"

#include <netdb.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <set>
#include <thread>

#include "api/labels.h"
#include "base/clock.h"
#include "base/json.h"
#include "chaos/kinds.h"
#include "cli/lookup.h"
#include "cli/status_view.h"
#include "kube/resolver.h"
#include "reconcile/resources.h"

namespace cli {
namespace {

using namespace std::chrono_literals;

// How often a watch looks again; it draws only what differs.
constexpr auto kRefresh = 1s;
// For a name server that does not answer.
constexpr auto kNamePatience = 3s;

std::vector<base::Json> trees(const kube::ObjectList& list) {
    std::vector<base::Json> out;
    for (const auto& object : list.items) {
        out.push_back(object->json());
    }
    return out;
}

// People without the right to read nodes see the application all the same, zones aside.
std::map<std::string, std::string> zones(kube::Client& client) {
    std::map<std::string, std::string> out;
    auto nodes = client.list(chaos::kNodes, {}, {});
    if (nodes) {
        for (const auto& node : nodes->items) {
            auto zone = node->meta().labels.find("topology.kubernetes.io/zone");
            if (zone != node->meta().labels.end()) {
                out[node->meta().key.name] = zone->second;
            }
        }
    }
    return out;
}

std::string digits(const kube::Address& address) {
    char text[NI_MAXHOST] = "";
    getnameinfo(address.get(), address.size, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    return text;
}

NameLookup lookUp(const std::string& host) {
    NameLookup out{.host = host, .addresses = {}, .problem = ""};
    auto until = std::chrono::steady_clock::now() + kNamePatience;
    auto found = kube::resolve(host, 80, until, {});
    if (!found) {
        out.problem = found.error().is(kube::ErrorKind::Timeout) ? "" : found.error().message;
        return out;
    }
    std::set<std::string> addresses;
    for (const auto& address : *found) {
        addresses.insert(digits(address));
    }
    out.addresses.assign(addresses.begin(), addresses.end());
    return out;
}

// What does not change while somebody watches.
struct Background {
    std::map<std::string, std::string> zoneOfNode;
    std::optional<NameLookup> lookup;
};

kube::ApiResult<AppView> look(kube::Client& client, const kube::ObjectKey& key,
                              Background& background) {
    auto app = client.get(reconcile::scalableApps(), key, {});
    if (!app) {
        return base::failWith(app.error());
    }
    auto host = publicName((*app)->json());
    if (host.empty()) {
        background.lookup.reset();
    } else if (!background.lookup || background.lookup->host != host) {
        background.lookup = lookUp(host);
    }
    kube::ListOptions ours;
    ours.namespace_ = key.namespace_;
    ours.labelSelector = std::string(api::kAppLabel) + "=" + key.name;
    auto services = client.list(*reconcile::childType("v1", "Service"), ours, {});
    if (!services) {
        return base::failWith(services.error());
    }
    auto pods = client.list(*reconcile::childType("v1", "Pod"), ours, {});
    if (!pods) {
        return base::failWith(pods.error());
    }
    return viewOf((*app)->json(), {.services = trees(*services),
                                   .pods = trees(*pods),
                                   .zoneOfNode = background.zoneOfNode,
                                   .lookup = background.lookup});
}

bool onTerminal() {
    return isatty(STDOUT_FILENO) != 0;
}

std::string draw(const AppView& view, const Globals& globals) {
    if (globals.output != "text") {
        return render(json(view), globals.output);
    }
    bool colour = onTerminal() && std::getenv("NO_COLOR") == nullptr;
    return text(view, base::systemClock().wall(), colour);
}

// What a watch has on the screen: the same twice is told once.
class Screen {
  public:
    Screen(const Globals& globals, bool watch) : globals_(globals), watch_(watch) {}

    void show(const AppView& view) {
        // Compared without the ages, which grow by themselves.
        auto next = json(view);
        if (next == shown_) {
            return;
        }
        if (watch_ && onTerminal()) {
            std::cout << "\033[H\033[2J";
        }
        std::cout << draw(view, globals_) << std::flush;
        shown_ = std::move(next);
        problem_.clear();
    }

    // What was seen before may be so no longer: it is drawn anew when it can be seen again.
    void showProblem(const kube::ApiError& error) {
        if (error.str() != problem_) {
            complain(error.str() + ": looking again");
        }
        shown_ = {};
        problem_ = error.str();
    }

  private:
    const Globals& globals_;
    bool watch_;
    base::Json shown_;
    std::string problem_;
};

}  // namespace

int statusCommand(const Globals& globals, const StatusFlags& flags) {
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    kube::ObjectKey key{session->namespace_, flags.name};
    Background background{.zoneOfNode = zones(*session->client), .lookup = {}};
    Screen screen(globals, flags.watch);
    while (true) {
        auto view = look(*session->client, key, background);
        if (view) {
            screen.show(*view);
        } else if (flags.watch && view.error().transient()) {
            screen.showProblem(view.error());
        } else {
            return complainOfApp(key, view.error());
        }
        if (!flags.watch) {
            return kOk;
        }
        std::this_thread::sleep_for(kRefresh);
    }
}

}  // namespace cli
