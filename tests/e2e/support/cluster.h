// What an end-to-end test may do and see: kubectl, helm and the node switches of the local cluster.
// Never our own client, so that one bug cannot hide another.
//
//   class Repair : public e2e::ClusterTest {};
//   TEST_F(Repair, DeletedServiceComesBack) {
//       apply(shopYaml());
//       ASSERT_TRUE(becomesReady("shop"));
//       kubectl({"delete", "service", "shop"});
//       EXPECT_TRUE(eventually(20s, "the service is back", [&] { return exists("service", "shop");
//       }));
//   }
//
// Environment (set by tests/run): KUBECTL and HELM (commands), CLUSTER (tests/cluster/cluster;
// empty on a cluster of your own: tests that need node power are skipped), SHOP_IMAGE, E2E_LOGS (a
// folder).
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "e2e/support/process.h"

namespace e2e {

using namespace std::chrono_literals;

inline constexpr const char* kSystemNamespace = "scalableapp-system";

// True as soon as `check` is; polls without hurry. Says what it waited for when it gives up.
[[nodiscard]] testing::AssertionResult eventually(std::chrono::seconds bound,
                                                  const std::string& what,
                                                  const std::function<bool()>& check);
// True when `check` never turned false in `span`.
[[nodiscard]] testing::AssertionResult throughout(std::chrono::seconds span,
                                                  const std::string& what,
                                                  const std::function<bool()>& check);

std::string shopImage();

// A test in a namespace of its own (PodSecurity `restricted` enforced), removed at the end; on
// failure its objects, events and logs are written to E2E_LOGS first.
class ClusterTest : public testing::Test {
  public:
    static void SetUpTestSuite();

  protected:
    void SetUp() override;
    void TearDown() override;

    const std::string& ns() const { return namespace_; }

    // kubectl in this test's namespace.
    RunResult kubectl(std::vector<std::string> args, const std::string& input = "",
                      std::chrono::seconds timeout = 60s) const;
    // `kubectl scalableapp ARGS...` in this test's namespace, the plugin being the one just built.
    RunResult plugin(std::vector<std::string> args) const;
    // kubectl without a namespace of its own.
    static RunResult cluster(std::vector<std::string> args, const std::string& input = "",
                             std::chrono::seconds timeout = 60s);
    static RunResult helm(std::vector<std::string> args, std::chrono::seconds timeout = 180s);
    // The switches of the local cluster ("node", "off", "kn1"); skips nothing by itself.
    static RunResult power(std::vector<std::string> args, std::chrono::seconds timeout = 60s);
    static bool havePower();

    // Applies as people do (kubectl apply) and asserts that it was taken.
    void apply(const std::string& yaml) const;
    RunResult tryApply(const std::string& yaml) const;

    std::optional<base::Json> get(const std::string& kind, const std::string& name) const;
    std::vector<base::Json> list(const std::string& kind, const std::string& selector = "") const;
    // It is there, and nobody deletes it.
    bool exists(const std::string& kind, const std::string& name) const;
    // The server says that there is none; what only waits for its finalizers is not gone.
    bool gone(const std::string& kind, const std::string& name) const;
    std::string field(const std::string& kind, const std::string& name,
                      const std::string& pointer) const;

    // The condition of a ScalableApp: {} when absent.
    base::Json condition(const std::string& app, const std::string& type) const;
    bool conditionIs(const std::string& app, const std::string& type,
                     const std::string& status) const;
    [[nodiscard]] testing::AssertionResult becomesReady(const std::string& app,
                                                        std::chrono::seconds bound = 90s) const;
    // The operator has seen the spec as it is now.
    [[nodiscard]] testing::AssertionResult isSeen(const std::string& app = "shop") const;
    // A merge patch, until it is seen.
    void change(const std::string& patch, const std::string& app = "shop") const;
    // And until it is so.
    void becomes(const std::string& patch, std::chrono::seconds bound = 240s) const;
    // Pods of the tier that run and are ready, by name.
    std::vector<base::Json> readyPods(const std::string& app,
                                      const std::string& tier = "web") const;

    // A minimal app; `web` is the YAML flow content of spec.web beside the image.
    static std::string appYaml(const std::string& name, const std::string& web,
                               const std::string& labels = "{}");

  private:
    void saveEvidence() const;
    std::string namespace_;
};

}  // namespace e2e
