#include "kube/errors.h"

#include <gtest/gtest.h>

namespace {

using kube::ApiError;
using kube::errorFromStatus;
using kube::ErrorKind;

std::string status(int code, const std::string& reason) {
    return R"({"kind":"Status","status":"Failure","message":"because","reason":")" + reason +
           "\",\"code\":" + std::to_string(code) + "}";
}

TEST(ErrorFromStatus, NamesTheKind) {
    struct Case {
        int code;
        const char* reason;
        ErrorKind kind;
        bool transient;
    };
    for (const Case& c : {
             Case{400, "BadRequest", ErrorKind::BadRequest, false},
             Case{401, "Unauthorized", ErrorKind::Unauthorized, false},
             Case{403, "Forbidden", ErrorKind::Forbidden, false},
             Case{404, "NotFound", ErrorKind::NotFound, false},
             Case{409, "AlreadyExists", ErrorKind::AlreadyExists, false},
             Case{409, "Conflict", ErrorKind::Conflict, false},
             Case{410, "Expired", ErrorKind::Expired, false},
             Case{410, "Gone", ErrorKind::Expired, false},
             Case{422, "Invalid", ErrorKind::Invalid, false},
             Case{429, "TooManyRequests", ErrorKind::TooManyRequests, true},
             Case{500, "InternalError", ErrorKind::ServerError, true},
             Case{503, "ServiceUnavailable", ErrorKind::ServerError, true},
             Case{504, "Timeout", ErrorKind::ServerError, true},
             Case{413, "RequestEntityTooLarge", ErrorKind::OtherStatus, false},
             Case{307, "", ErrorKind::OtherStatus, false},
         }) {
        auto error = errorFromStatus(c.code, status(c.code, c.reason));
        EXPECT_EQ(error.kind, c.kind) << c.code << " " << c.reason;
        EXPECT_EQ(error.transient(), c.transient) << c.code << " " << c.reason;
        EXPECT_EQ(error.httpStatus, c.code);
        EXPECT_EQ(error.reason, c.reason);
        EXPECT_EQ(error.message, "because");
    }
}

TEST(ErrorFromStatus, NamesTheFields) {
    auto error = errorFromStatus(
        422, R"({"kind":"Status","reason":"Invalid","message":"m","details":{"causes":[
        {"reason":"FieldValueInvalid","message":"must be positive","field":"spec.replicas"},{"message":"x"}]}})");
    ASSERT_EQ(error.causes.size(), 2U);
    EXPECT_EQ(error.causes[0].field, "spec.replicas");
    EXPECT_EQ(error.causes[0].message, "must be positive");
    EXPECT_EQ(error.causes[1].field, "");
}

TEST(ErrorFromStatus, TakesTheHeadersDelayBeforeTheBodys) {
    const std::string body = R"({"kind":"Status","details":{"retryAfterSeconds":5}})";
    EXPECT_EQ(errorFromStatus(429, body, "2").retryAfter, std::chrono::seconds(2));
    EXPECT_EQ(errorFromStatus(429, body).retryAfter, std::chrono::seconds(5));
    EXPECT_EQ(errorFromStatus(429, "{}").retryAfter, std::nullopt);
    for (const char* odd : {"", "soon", "-1", "3s", "Wed, 21 Oct 2026 07:28:00 GMT"}) {
        EXPECT_EQ(errorFromStatus(429, "{}", odd).retryAfter, std::nullopt) << odd;
    }
}

TEST(ErrorFromStatus, ABodyThatIsNoStatusIsQuotedInShort) {
    auto error = errorFromStatus(502, "<html>\nBad Gateway");
    EXPECT_EQ(error.kind, ErrorKind::ServerError);
    EXPECT_EQ(error.message, "<html>");
    EXPECT_LE(errorFromStatus(502, std::string(100000, 'x')).message.size(), 300U);
    EXPECT_EQ(errorFromStatus(502, "").str(), "502 ServerError: no message");
    EXPECT_EQ(errorFromStatus(500, R"({"kind":"Pod"})").reason, "");
}

TEST(ApiError, IsOneLineForPeople) {
    EXPECT_EQ(errorFromStatus(403, status(403, "Forbidden")).str(), "403 Forbidden: because");
    ApiError none;
    none.kind = ErrorKind::Unreachable;
    none.message = "connection refused";
    EXPECT_EQ(none.str(), "API server unreachable: connection refused");
    EXPECT_TRUE(none.transient());
    none.kind = ErrorKind::Cancelled;
    EXPECT_FALSE(none.transient());
    none.kind = ErrorKind::NotLeader;
    EXPECT_FALSE(none.transient());
}

}  // namespace
