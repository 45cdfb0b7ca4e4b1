// The reason that the log gives while runs do not go on is the real one, and it is given once.
#include "chaos/hindrance.h"

#include <gtest/gtest.h>

namespace {

using chaos::Hindrance;
using kube::ErrorKind;

kube::ApiError error(ErrorKind kind) {
    return {.kind = kind};
}

TEST(Hindrance, NotToLeadIsNoFaultOfTheServer) {
    Hindrance hindrance;
    EXPECT_EQ(hindrance.met(error(ErrorKind::NotLeader)), Hindrance::kNotLeader);
    EXPECT_FALSE(hindrance.met(error(ErrorKind::NotLeader))) << "once is enough";
    EXPECT_FALSE(hindrance.passed(false)) << "who does not lead may still read";
    EXPECT_FALSE(hindrance.met(error(ErrorKind::NotLeader)));
    EXPECT_TRUE(hindrance.passed(true));
    EXPECT_FALSE(hindrance.passed(true)) << "it is told once that it is over";
}

TEST(Hindrance, NoAnswerAndARefusalAreTwoThings) {
    for (auto kind : {ErrorKind::Unreachable, ErrorKind::Timeout, ErrorKind::ServerError,
                      ErrorKind::TooManyRequests}) {
        Hindrance hindrance;
        EXPECT_EQ(hindrance.met(error(kind)), Hindrance::kUnreachable);
        EXPECT_TRUE(hindrance.passed(false)) << "it answers";
    }
    for (auto kind : {ErrorKind::Forbidden, ErrorKind::Unauthorized, ErrorKind::Invalid}) {
        Hindrance hindrance;
        EXPECT_EQ(hindrance.met(error(kind)), Hindrance::kRefused);
        EXPECT_FALSE(hindrance.passed(false)) << "what may be read need not be written";
        EXPECT_TRUE(hindrance.passed(true));
    }
}

TEST(Hindrance, AnotherReasonIsToldAnewAndAProcessThatStopsTellsNothing) {
    Hindrance hindrance;
    EXPECT_FALSE(hindrance.met(error(ErrorKind::Cancelled)));
    EXPECT_FALSE(hindrance.passed(true));
    EXPECT_TRUE(hindrance.met(error(ErrorKind::Unreachable)));
    EXPECT_EQ(hindrance.met(error(ErrorKind::NotLeader)), Hindrance::kNotLeader);
}

}  // namespace
