// The cases that the API server in memory passes, against a real one: what the two have in common
// cannot drift apart.
#include "apiserver/conformance/suite.h"

#include "component/server.h"

namespace {

class Conformance : public component::ServerTest,
                    public testing::WithParamInterface<conformance::Case> {};

TEST_P(Conformance, OfARealServer) {
    conformance::Subject subject(transport(), ns());
    subject.patienceSeconds = 10;
    GetParam().run(subject);
}

INSTANTIATE_TEST_SUITE_P(Server, Conformance, testing::ValuesIn(conformance::cases()),
                         [](const testing::TestParamInfo<conformance::Case>& one) {
                             return one.param.name;
                         });

}  // namespace
