// A reconciler on an API server in memory, one pass at a time: the caches are filled from the
// server before each pass, so that the test decides what the operator has seen.
//
//   World world;
//   world.put(app());
//   world.settle();
//   EXPECT_TRUE(world.find("Deployment", "shop-web"));
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apiserver/server.h"
#include "base/json.h"
#include "reconcile/reconciler.h"
#include "support/fake_clock.h"

namespace test {

// A ScalableApp as the API server has it (defaults filled in), in namespace "ns".
base::Json app(const base::Json& web = {{"replicas", 2}}, const std::string& name = "shop");
base::Json autoscaled();

class World {
  public:
    explicit World(std::shared_ptr<ApiServer> onServer = nullptr);

    base::Json put(const base::Json& object);
    std::optional<base::Json> find(const std::string& kind, const std::string& name) const;
    // What the app's status says of a condition; empty when it is not there.
    base::Json condition(const std::string& type) const;
    // Changes the spec as a person does.
    void editApp(const std::function<void(base::Json&)>& change);

    // Fills the caches from the server.
    void sync();
    // The app's cache then shows this one, however old it is.
    void see(const base::Json& app);
    // From now on every Deployment is rolled out and all its pods are ready by the next sync.
    void servePods() { podsServe_ = true; }
    // As the Deployment's controller makes it.
    void putReplicaSet();
    // All is as the app wants it to be, and was looked at.
    void bringToRest(const base::Json& object);
    // One reconcile of ns/shop, without looking at the server first.
    runtime::Outcome reconcile();
    runtime::Outcome pass();
    // How often the status was written.
    size_t statusWrites() const;
    // Passes until one writes nothing; answers how many wrote. Fails the test after ten.
    int settle();

    // Every child on the server without what differs from run to run (UIDs, versions, times).
    std::vector<base::Json> children() const;

    std::shared_ptr<ApiServer> server;
    FakeClock clock;
    std::vector<runtime::Event> events;
    std::vector<std::pair<std::string, std::string>> written;  // what the gate was told
    std::stop_source stop;
    std::vector<plan::Circuit> circuits;       // what the load balancers say when they are asked
    std::vector<reconcile::EdgeAnswer> edges;  // and the edges
    plan::Surroundings around;
    int looks = 0;  // that went beyond what was at rest

  private:
    void rollOut();

    bool podsServe_ = false;
    std::vector<std::unique_ptr<runtime::Store>> stores_;
    runtime::Metrics metrics_;

  public:
    kube::Client client;
    reconcile::Observer observer;
    reconcile::Reconciler reconciler;
};

const kube::ResourceType& typeOf(const std::string& kind);

}  // namespace test
