// The cases against the server in memory: as a transport, and over HTTP with the real transports.
// And the other way round: each planted defect is found by a case.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <optional>
#include <tuple>

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

// Both transports, plain and over TLS.
using Wire = std::tuple<Case, kube::TransportKind, bool>;

class OverHttp : public testing::TestWithParam<Wire> {};

const support::Authority& authority() {
    static const support::Authority kAuthority("conformance-ca");
    return kAuthority;
}

TEST_P(OverHttp, Conforms) {
    const auto& [one, transport, secure] = GetParam();
    std::optional<support::StubTls> tls;
    kube::ClusterConfig config;
    config.transport = transport;
    if (secure) {
        tls.emplace(authority().issue({.commonName = "api", .addresses = {"127.0.0.1"}}), "");
        config.certificateAuthority.data = authority().pem();
    }
    auto server = makeServer();
    test::HttpFront front(server, {}, tls);
    config.server = front.url();
    auto subject = subjectOn(kube::makeTransport(config), *server);
    one.run(subject);
}

std::string nameOfWire(const testing::TestParamInfo<Wire>& info) {
    const auto& [one, transport, secure] = info.param;
    return std::string(one.name) +
           (transport == kube::TransportKind::Beast ? "_Beast" : "_Cpprest") +
           (secure ? "_Tls" : "_Plain");
}

INSTANTIATE_TEST_SUITE_P(Conformance, OverHttp,
                         testing::Combine(testing::ValuesIn(conformance::cases()),
                                          testing::Values(kube::TransportKind::Cpprest,
                                                          kube::TransportKind::Beast),
                                          testing::Bool()),
                         nameOfWire);

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
