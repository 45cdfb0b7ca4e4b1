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

struct Sight {
    const char* what;
    Hit known;
    enum { Serving, DeletedAfter, DeletedBefore, Ended, Gone, Successor } state;
    Hit then;
    Look look;
};

class Looking : public ::testing::TestWithParam<Sight> {};

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
        case Sight::Serving:
            break;
        case Sight::DeletedAfter:
            // The server's stamps have whole seconds: 0.7 s before the intent is the same second.
            pods[1].deletedAt = kStart + 10s;
            break;
        case Sight::DeletedBefore:
            pods[1].deletedAt = kStart + 9s;
            break;
        case Sight::Ended:
            pods[1].deletedAt = kStart + 11s;
            pods[1].ended = true;
            break;
        case Sight::Gone:
            pods.pop_back();
            break;
        case Sight::Successor:
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
        Sight{"first look", Hit::Pending, Sight::Serving, Hit::Pending, Look::Apply},
        Sight{"applied before a crash", Hit::Pending, Sight::DeletedAfter, Hit::Deleting,
              Look::Wait},
        Sight{"deleted by others before", Hit::Pending, Sight::DeletedBefore, Hit::Missed,
              Look::Wait},
        Sight{"gone, nobody knows by whom", Hit::Pending, Sight::Gone, Hit::Missed, Look::Wait},
        Sight{"only its name is left", Hit::Pending, Sight::Successor, Hit::Missed, Look::Wait},
        Sight{"accepted, still serving", Hit::Accepted, Sight::Serving, Hit::Accepted, Look::Wait},
        Sight{"accepted, on its way", Hit::Accepted, Sight::DeletedAfter, Hit::Deleting,
              Look::Wait},
        Sight{"containers ended", Hit::Deleting, Sight::Ended, Hit::Dead, Look::Wait},
        Sight{"accepted and gone", Hit::Accepted, Sight::Gone, Hit::Dead, Look::Wait},
        Sight{"replaced under its name", Hit::Deleting, Sight::Successor, Hit::Dead, Look::Wait},
        Sight{"missed stays missed", Hit::Missed, Sight::Gone, Hit::Missed, Look::Wait}),
    [](const auto& one) { return "Sight" + std::to_string(one.index); });

}  // namespace
