// The cases that the API server in memory passes, against a real one: what the two have in common
// cannot drift apart.
#include "apiserver/conformance/suite.h"

#include <tuple>

#include "component/server.h"

namespace {

using kube::TransportKind;
using Parameter = std::tuple<TransportKind, conformance::Case>;

class Conformance : public component::ServerTest, public testing::WithParamInterface<Parameter> {
  protected:
    TransportKind transportKind() const override { return std::get<TransportKind>(GetParam()); }
};

TEST_P(Conformance, OfARealServer) {
    conformance::Subject subject(transport(), ns());
    subject.patienceSeconds = 10;
    std::get<conformance::Case>(GetParam()).run(subject);
}

INSTANTIATE_TEST_SUITE_P(Server, Conformance,
                         testing::Combine(testing::Values(TransportKind::Cpprest,
                                                          TransportKind::Beast),
                                          testing::ValuesIn(conformance::cases())),
                         [](const testing::TestParamInfo<Parameter>& one) {
                             const bool beast =
                                 std::get<TransportKind>(one.param) == TransportKind::Beast;
                             return std::string(std::get<conformance::Case>(one.param).name) +
                                    (beast ? "OverBeast" : "OverCpprest");
                         });

}  // namespace
