// Every fault once, and what it may do to the cluster in support/cluster.h: the table that tests of
// crashes, of deletion in mid run and of interruptions go over.
//
//   class Deleted : public ::testing::TestWithParam<FaultCase> {};
//   INSTANTIATE_TEST_SUITE_P(All, Deleted, ::testing::ValuesIn(faultsThatHold()), nameOfCase);
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chaos/support/cluster.h"

namespace chaos::fake {

struct FaultCase {
    const char* name = "";
    base::Json spec;
    size_t dies = 0;  // pods that this fault kills
    int off = 0;      // nodes that it switches off
    int cut = 0;      // nodes that it cuts off
    int restarts = 0;
    // Nobody in this cluster enforces a policy: where people say so, the truth is that nothing was
    // proved.
    bool policies = false;
    const char* verdict = "Resilient";
};

const std::vector<FaultCase>& faultCases();
const FaultCase& faultCase(const std::string& name);
// Those that something has to be given back of.
std::vector<FaultCase> faultsThatHold();

// An application of six pods in three zones, two operators, and the experiment "try".
void prepare(Cluster& cluster, const FaultCase& one);

// Hit once at most, nothing left, and no pass without the fault. `when`: for people.
void expectHitOnce(const Cluster& cluster, const FaultCase& one, const std::string& when);

inline std::string nameOfCase(const ::testing::TestParamInfo<FaultCase>& one) {
    return one.param.name;
}

}  // namespace chaos::fake
