// The operator as it runs, threads, watches, queue and all, on an API server in memory, from here
// to the end of the block.
//
//   test::Running running(server);
//   EXPECT_TRUE(server->waitFor([&] { ... }));
//
// Thread safety: as for a plain value.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apiserver/server.h"
#include "reconcile/operator.h"

namespace test {

class Running {
  public:
    explicit Running(std::shared_ptr<ApiServer> server, std::vector<std::string> namespaces = {})
        : manager(options(std::move(server))),
          parts(manager, {.namespaces = std::move(namespaces)}) {
        exit_ = std::async(std::launch::async, [this] { return manager.run(); });
    }
    ~Running() {
        manager.shutdown();
        EXPECT_EQ(exit_.get(), 0);
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    runtime::Manager manager;
    reconcile::Operator parts;

  private:
    static runtime::ManagerOptions options(std::shared_ptr<ApiServer> server) {
        runtime::ManagerOptions out;
        out.name = "scalableapp-operator";
        out.leaderElection = false;
        out.listenAddress = "127.0.0.1";
        out.listenPort = 0;
        out.transport = std::move(server);
        return out;
    }
    std::future<int> exit_;
};

}  // namespace test
