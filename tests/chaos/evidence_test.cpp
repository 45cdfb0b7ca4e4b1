#include "chaos/faults/evidence.h"

#include <gtest/gtest.h>

#include "chaos/support/samples.h"

namespace {

using namespace chaos;
using namespace std::chrono_literals;
using fake::kStart;
using faults::Look;
using run::Hit;

const base::WallTime kIntent = kStart + 10s + 700ms;
const base::WallTime kNow = kIntent + 2s;

struct Case {
    const char* what;
    Hit known;
    enum { Serving, DeletedAfter, DeletedBefore, Ended, Gone, Successor } state;
    Hit then;
    Look look;
};

class Looking : public ::testing::TestWithParam<Case> {};

TEST_P(Looking, BringsTheEvidenceUpToWhatIsSeen) {
    const auto& c = GetParam();
    run::Evidence evidence{.uid = "uid-1",
                           .name = "shop-web-1",
                           .hit = c.known,
                           .deletedAt = {},
                           .deadAt = {},
                           .message = ""};
    std::vector<topology::Pod> pods{fake::pod(0), fake::pod(1)};
    switch (c.state) {
        case Case::Serving:
            break;
        case Case::DeletedAfter:
            // The server's stamps have whole seconds: 0.7 s before the intent is the same second.
            pods[1].deletedAt = kStart + 10s;
            break;
        case Case::DeletedBefore:
            pods[1].deletedAt = kStart + 9s;
            break;
        case Case::Ended:
            pods[1].deletedAt = kStart + 11s;
            pods[1].ended = true;
            break;
        case Case::Gone:
            pods.pop_back();
            break;
        case Case::Successor:
            pods[1].uid = "uid-of-another";
            break;
    }
    EXPECT_EQ(faults::look(evidence, pods, kIntent, kNow), c.look) << c.what;
    EXPECT_EQ(evidence.hit, c.then) << c.what;
    EXPECT_EQ(evidence.deadAt.has_value(), c.then == Hit::Dead) << c.what;
    EXPECT_EQ(evidence.message.empty(), c.then == c.known || c.then == Hit::Deleting) << c.what;
}

INSTANTIATE_TEST_SUITE_P(
    All, Looking,
    ::testing::Values(
        Case{"first look", Hit::Pending, Case::Serving, Hit::Pending, Look::Apply},
        Case{"applied before a crash", Hit::Pending, Case::DeletedAfter, Hit::Deleting, Look::Wait},
        Case{"deleted by others before", Hit::Pending, Case::DeletedBefore, Hit::Missed,
             Look::Wait},
        Case{"gone, nobody knows by whom", Hit::Pending, Case::Gone, Hit::Missed, Look::Wait},
        Case{"only its name is left", Hit::Pending, Case::Successor, Hit::Missed, Look::Wait},
        Case{"accepted, still serving", Hit::Accepted, Case::Serving, Hit::Accepted, Look::Wait},
        Case{"accepted, on its way", Hit::Accepted, Case::DeletedAfter, Hit::Deleting, Look::Wait},
        Case{"containers ended", Hit::Deleting, Case::Ended, Hit::Dead, Look::Wait},
        Case{"accepted and gone", Hit::Accepted, Case::Gone, Hit::Dead, Look::Wait},
        Case{"replaced under its name", Hit::Deleting, Case::Successor, Hit::Dead, Look::Wait},
        Case{"missed stays missed", Hit::Missed, Case::Gone, Hit::Missed, Look::Wait}),
    [](const auto& one) { return "Case" + std::to_string(one.index); });

}  // namespace
