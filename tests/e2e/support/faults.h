// Chaos runs against the application "shop": what it takes to start one and to see that nothing is
// left of it.
//
//   class NodeFaults : public e2e::FaultTest {};
//   TEST_F(NodeFaults, ADrainedNodeIsGivenBack) {
//       shop();
//       apply(faulty("drain", "type: NodeDrain, durationSeconds: 15", "tier: Web"));
//       auto run = finished("drain", 240s);
//       ...
//       EXPECT_TRUE(nothingIsMarked());
//   }
//
// ChaosBeside is a chaos process with the switches of the local cluster: it runs on this machine,
// where the switches are, and the one in the cluster rests as long as it lives.
#pragma once

#include <optional>
#include <string>

#include "e2e/support/cluster.h"
#include "e2e/support/process.h"

namespace e2e {

class FaultTest : public ClusterTest {
  protected:
    // Six web pods that may be harmed, and that leave a dead node at once.
    void shop();
    // The first run of an experiment once it is over.
    std::optional<base::Json> finished(const std::string& name, std::chrono::seconds bound);
    // The experiment as YAML; arguments are contents of YAML flows.
    static std::string faulty(const std::string& name, const std::string& fault,
                              const std::string& target, int errorPercent = 2,
                              const std::string& moreSafety = "");
    // Marks and cordons of faults on any node.
    static std::string marks();
    [[nodiscard]] static testing::AssertionResult nothingIsMarked(std::chrono::seconds bound = 10s);
};

class ChaosBeside {
  public:
    // Adds a failure to the test when it does not become ready.
    explicit ChaosBeside(const std::string& name);
    ~ChaosBeside();
    ChaosBeside(const ChaosBeside&) = delete;
    ChaosBeside& operator=(const ChaosBeside&) = delete;

    // It dies where it stands, and a new one takes its place.
    void crash();

  private:
    void start();

    const std::string log_;
    std::optional<Background> process_;
};

}  // namespace e2e
