// The cases against the server in memory: as a transport, and over HTTP with the real transport.
// And the other way round: each planted defect is found by a case.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "apiserver/conformance/suite.h"
#include "apiserver/http_front.h"
#include "apiserver/server.h"
#include "kube/config.h"

namespace {

using conformance::Case;
using conformance::Subject;
using test::Defect;

std::string nameOf(const testing::TestParamInfo<Case>& info) {
    return info.param.name;
}

std::shared_ptr<test::ApiServer> makeServer() {
    return std::make_shared<test::ApiServer>(
        test::ServerOptions{.seed = 3, .clock = &base::systemClock()});
}

Subject subjectOn(const std::shared_ptr<kube::Transport>& transport, test::ApiServer& server) {
    Subject subject(transport, "conformance");
    subject.compact = [&server] { server.compact(); };
    return subject;
}

class InMemory : public testing::TestWithParam<Case> {};

TEST_P(InMemory, Conforms) {
    auto server = makeServer();
    auto subject = subjectOn(server, *server);
    GetParam().run(subject);
}

INSTANTIATE_TEST_SUITE_P(Conformance, InMemory, testing::ValuesIn(conformance::cases()), nameOf);

class OverHttp : public testing::TestWithParam<Case> {};

TEST_P(OverHttp, Conforms) {
    auto server = makeServer();
    test::HttpFront front(server);
    kube::ClusterConfig config;
    config.server = front.url();
    auto subject = subjectOn(kube::makeCpprestTransport(config), *server);
    GetParam().run(subject);
}

INSTANTIATE_TEST_SUITE_P(Conformance, OverHttp, testing::ValuesIn(conformance::cases()), nameOf);

// How many checks of the case fail on a server with that defect.
int failuresOf(const Case& one, Defect defect) {
    auto server = makeServer();
    server->plant(defect);
    testing::TestPartResultArray results;
    {
        testing::ScopedFakeTestPartResultReporter reporter(
            testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
        auto subject = subjectOn(server, *server);
        one.run(subject);
    }
    int failures = 0;
    for (int i = 0; i < results.size(); ++i) {
        failures += results.GetTestPartResult(i).failed() ? 1 : 0;
    }
    return failures;
}

const Case& caseNamed(const std::string& name) {
    static const auto kCases = conformance::cases();
    for (const auto& one : kCases) {
        if (one.name == name) {
            return one;
        }
    }
    ADD_FAILURE() << "no case " << name;
    return kCases.front();
}

struct Planted {
    Defect defect;
    const char* finder;
};

class PlantedDefect : public testing::TestWithParam<Planted> {};

TEST_P(PlantedDefect, IsFound) {
    const auto& finder = caseNamed(GetParam().finder);
    EXPECT_EQ(failuresOf(finder, Defect::None), 0);
    EXPECT_GT(failuresOf(finder, GetParam().defect), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Conformance, PlantedDefect,
    testing::Values(Planted{Defect::ApplyKeepsAbandoned, "WhatIsNoLongerNamedGoes"},
                    Planted{Defect::NoOpRaisesVersion, "WhatChangesNothingKeepsItsVersion"},
                    Planted{Defect::StatusThroughMain, "TheStatusHasItsOwnDoor"},
                    Planted{Defect::IgnoresPreconditions, "ADeletionHasPreconditions"},
                    Planted{Defect::NoInitialEventsEnd, "AStreamedListEndsWithABookmark"},
                    Planted{Defect::ForgetsLeavers, "WhatEntersAndLeavesASelection"},
                    Planted{Defect::SkipsOverPages, "PagesShowOneMoment"},
                    Planted{Defect::FinalizersDoNotHold, "AFinalizerHolds"},
                    Planted{Defect::ExpiredAsEmpty, "AForgottenVersionIsExpired"},
                    Planted{Defect::ApplyIgnoresConflicts, "AFieldOfAnotherIsAConflict"},
                    Planted{Defect::ListsReplacedWhole, "ItemsOfListsWithKeysHaveOwners"},
                    Planted{Defect::GenerationCountsStatus, "TheGenerationCountsTheSpec"}),
    [](const testing::TestParamInfo<Planted>& planted) {
        return std::string("FoundBy") + planted.param.finder;
    });

}  // namespace
