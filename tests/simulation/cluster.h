// The cluster's content and the people who change it, in front of the operator's back.
//
//   Cluster cluster(world, network);
//   cluster.act();                    // somebody does something
//   cluster.tidy();                   // strangers' objects go: nothing stands in the way any more
//   auto missing = cluster.wrong();   // empty: everything is as the parents ask
#pragma once

#include <string>

#include "simulation/network.h"
#include "simulation/world.h"

namespace simulation {

class Cluster {
  public:
    Cluster(World& world, Network& network) : world_(world), network_(network) {}

    void act();
    void tidy();
    // The first thing that is not as it should be; empty: nothing.
    std::string wrong() const;

  private:
    void putParent();
    void dropParent(bool again);
    void editChild();
    void dropChild(bool stranger);
    void said(const std::string& what);
    std::optional<kube::ObjectKey> any(const kube::ResourceType& type);

    World& world_;
    Network& network_;
};

}  // namespace simulation
