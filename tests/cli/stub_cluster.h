// A cluster for the program under test that answers what the test says. What nobody spoke of is an
// empty list, or is not there.
//
//   StubCluster cluster;
//   cluster.answer(kShopPath, {{200, shop}});
//   cluster.answer("/api/v1/nodes", {{403, {}}});
//   auto result = cluster.run({"tree", "shop"});
//
// Thread safety: `answer` before the program runs, the rest from any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/json.h"
#include "e2e/support/process.h"
#include "support/http_stub.h"

namespace cli_test {

inline constexpr const char* kShopPath =
    "/apis/scalableapp.dev/v1alpha1/namespaces/ns/scalableapps/shop";

struct StubAnswer {
    int status = 200;
    base::Json body = base::Json::object();
};

class StubCluster {
  public:
    StubCluster();
    ~StubCluster();
    StubCluster(const StubCluster&) = delete;
    StubCluster& operator=(const StubCluster&) = delete;

    // One after the other; the last one stays. `path`: without the query.
    void answer(const std::string& path, std::vector<StubAnswer> answers);
    // The plugin, told of this cluster and of the namespace "ns".
    e2e::RunResult run(std::vector<std::string> args, const std::string& input = "") const;

  private:
    StubAnswer next(const std::string& path);

    std::mutex mutex_;
    std::map<std::string, std::vector<StubAnswer>> answers_;
    std::string kubeconfig_;
    support::HttpStub server_;
};

}  // namespace cli_test
