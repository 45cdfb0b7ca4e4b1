// The edge's configuration as a real nginx carries it out: what is kept, for whom, how long, and
// what happens without an origin.
#include "plan/nginx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "plan/edge.h"

namespace {

using namespace plan_test;
using api::CdnPath;
using testing::HasSubstr;
using testing::IsEmpty;

CdnPath rule(const std::string& match, int64_t ttlSeconds, int64_t negativeTTLSeconds = 10) {
    CdnPath out;
    out.match = match;
    out.ttlSeconds = ttlSeconds;
    out.negativeTTLSeconds = negativeTTLSeconds;
    return out;
}

plan::NginxModel edgeModel() {
    plan::NginxModel out{.app = "shop", .webHost = "127.0.0.1"};
    out.cdn.paths = {rule("/static/*", 600)};
    return out;
}

plan::NginxModel with(const std::function<void(api::Cdn&)>& change) {
    auto out = edgeModel();
    change(out.cdn);
    return out;
}

// An origin that answers what it was asked and what it saw.
class Origin {
  public:
    std::atomic<int> status = 200;
    std::atomic<int> asked = 0;
    support::StubReply::Headers headers;
    std::shared_ptr<support::Gate> gate;

    int port() const { return server_->port(); }
    void stop() { server_.reset(); }

  private:
    std::unique_ptr<support::HttpStub> server_ = std::make_unique<support::HttpStub>(
        [this](const support::StubRequest& request, support::StubReply& reply) {
            int number = ++asked;
            if (gate) {
                gate->wait();
            }
            reply.send(status,
                       std::to_string(number) + " " + request.target + " cookie=" +
                           request.header("cookie") + " host=" + request.header("host"),
                       headers);
        });
};

class Edge : public testing::Test {
  protected:
    void SetUp() override {
        if (nginxBinary().empty()) {
            GTEST_SKIP() << "nginx is not installed";
        }
    }

    static std::string cache(const Answer& answer) { return answer.header("X-Cache"); }
};

TEST_F(Edge, NginxTakesEveryShape) {
    EXPECT_THAT(nginxRefuses(edgeModel()), IsEmpty());
    EXPECT_THAT(
        nginxRefuses(with([](api::Cdn& cdn) {
            cdn.staleIfErrorSeconds = 0;
            cdn.origins = {{.name = "web", .host = ""},
                           {.name = "b", .host = "b.example", .port = 80},
                           {.name = "c", .host = "c.example", .port = 8443},
                           {.name = "d", .host = "d.example"}};
            cdn.paths.clear();
            for (int i = 0; i < 32; ++i) {
                cdn.paths.push_back({.match = "/a+.~:,=@-_" + std::to_string(i) + "*",
                                     .ttlSeconds = 31536000,
                                     .clientTTLSeconds = i,
                                     .cacheKey = {.headers = {"Accept-Language", "Cookie"},
                                                  .query = std::vector<std::string>{"v", "Size_1"}},
                                     .negativeTTLSeconds = i % 2});
            }
        })),
        IsEmpty());
}

// With all that goes with it: an object's annotations have 256 KiB in all.
TEST_F(Edge, TheLongestConfigurationFitsIntoAnAnnotation) {
    auto longest = with([](api::Cdn& cdn) {
        cdn.paths.clear();
        for (int i = 0; i < 32; ++i) {
            auto path = rule("/" + std::to_string(i) + std::string(250, 'x') + "*", 31536000);
            for (int j = 0; j < 8; ++j) {
                path.cacheKey.headers.push_back("X-" + std::to_string(j) + std::string(60, 'h'));
            }
            path.cacheKey.query.emplace();
            for (int j = 0; j < 16; ++j) {
                path.cacheKey.query->push_back(std::to_string(j) + std::string(60, 'q'));
            }
            cdn.paths.push_back(path);
        }
    });
    EXPECT_LT(plan::nginxConfig(longest).size(), 248U << 10);
    RecordProperty("bytes", static_cast<int>(plan::nginxConfig(longest).size()));
}

TEST_F(Edge, AConfigurationThatIsWrongIsFound) {
    auto broken = with([](api::Cdn& cdn) { cdn.paths[0].match = "/a(b"; });
    EXPECT_THAT(nginxRefuses(broken), HasSubstr("pcre"));
}

TEST_F(Edge, NothingInAHealthPathEndsItsWord) {
    Origin web;
    auto model = edgeModel();
    model.healthPath = "/up;x {$host} \"'\\#\n?a=1&b=%20";
    EdgeProcess edge(model, web.port());
    for (const char* asked : {"/origin/0", "/origins"}) {
        EXPECT_THAT(edge.admin(asked).body,
                    HasSubstr(" /up%3Bx%20%7B%24host%7D%20%22%27%5C%23%0A?a=1&b=%20 cookie"));
    }
}

TEST_F(Edge, KeepsWhatARuleNamesAndPassesTheRest) {
    Origin web;
    EdgeProcess edge(with([](api::Cdn& cdn) { cdn.paths[0].clientTTLSeconds = 60; }), web.port());
    EXPECT_EQ(cache(edge.get("/static/a")), "MISS");
    auto again = edge.get("/static/a");
    EXPECT_EQ(cache(again), "HIT");
    EXPECT_EQ(again.header("Cache-Control"), "public, max-age=60");
    EXPECT_EQ(cache(edge.get("/other", "Cookie: a=1\r\n")), "PASS");
    EXPECT_THAT(edge.get("/other", "Cookie: a=1\r\n").body, HasSubstr("cookie=a=1 host=shop"));
    EXPECT_EQ(cache(edge.get("/static/a", "", "POST")), "PASS");
    EXPECT_EQ(cache(edge.get("/static/a", "", "HEAD")), "HIT");
    EXPECT_THAT(edge.get("/static/a%2Fb?x=1").body, HasSubstr(" /static/a%2Fb?x=1 "));
    EXPECT_TRUE(soon([&] { return edge.tally("pass") == 2; })) << edge.tally("pass");
    EXPECT_TRUE(soon([&] { return edge.tally("hit") == 2; })) << edge.tally("hit");
    EXPECT_TRUE(soon([&] { return edge.tally("miss") == 3; })) << edge.tally("miss");
}

TEST_F(Edge, ClientsAskEachTimeUnlessToldOtherwise) {
    Origin web;
    EdgeProcess edge(edgeModel(), web.port());
    EXPECT_EQ(edge.get("/static/a").header("Cache-Control"), "no-cache");
}

TEST_F(Edge, TheKeyIsWhatTheRuleSays) {
    Origin web;
    EdgeProcess edge(with([](api::Cdn& cdn) {
                         cdn.paths[0].cacheKey = {.headers = {"Accept-Language"},
                                                  .query = std::vector<std::string>{"v"}};
                         cdn.paths.push_back(rule("/all", 9));
                     }),
                     web.port());
    EXPECT_THAT(edge.get("/static/a?v=1&tracking=2").body, HasSubstr(" /static/a?v=1 "));
    EXPECT_EQ(cache(edge.get("/static/a?other=3&v=1")), "HIT");
    EXPECT_EQ(cache(edge.get("/static/a?v=2")), "MISS");
    EXPECT_EQ(cache(edge.get("/static/a?v=1", "Accept-Language: de\r\n")), "MISS");
    EXPECT_EQ(cache(edge.get("/static/a?v=1", "Accept-Language: de\r\n")), "HIT");
    EXPECT_EQ(cache(edge.get("/all?a=1")), "MISS");
    EXPECT_EQ(cache(edge.get("/all?a=2")), "MISS");
}

// A form of one user's: nothing of it is kept, and all of it is meant.
TEST_F(Edge, WhatIsNotAskedButSentArrivesAsItIs) {
    Origin web;
    EdgeProcess edge(with([](api::Cdn& cdn) {
                         cdn.paths[0].cacheKey.query = std::vector<std::string>{"v"};
                         cdn.paths.push_back(rule("/*", 9));
                         cdn.paths[1].cacheKey.query.emplace();
                     }),
                     web.port());
    for (const char* method : {"POST", "PUT", "DELETE"}) {
        for (const char* path : {"/static/a?v=1&w=2", "/form?w=2"}) {
            auto answer = edge.get(path, "Cookie: a=1\r\n", method);
            EXPECT_THAT(answer.body, HasSubstr(std::string(" ") + path + " cookie=a=1 ")) << method;
        }
    }
    EXPECT_THAT(edge.get("/static/a?v=1&w=2", "Cookie: a=1\r\n").body,
                HasSubstr(" /static/a?v=1 cookie= "));
}

TEST_F(Edge, NothingOfOneUserIsKeptForAnother) {
    Origin web;
    EdgeProcess edge(edgeModel(), web.port());
    EXPECT_THAT(edge.get("/static/a", "Cookie: a=1\r\n").body, HasSubstr("cookie= "))
        << "an answer for all must not depend on one user's cookie";
    auto authorised = edge.get("/static/b", "Authorization: Basic x\r\n");
    EXPECT_EQ(cache(authorised), "BYPASS");
    EXPECT_EQ(authorised.header("Cache-Control"), "");
    EXPECT_EQ(cache(edge.get("/static/b")), "MISS");
    for (const auto& [header, value] :
         {std::pair{"Set-Cookie", "a=1"}, std::pair{"Cache-Control", "private, max-age=9"},
          std::pair{"Cache-Control", "no-store"}, std::pair{"Cache-Control", "No-Cache"}}) {
        web.headers = {{header, value}};
        std::string path = std::string("/static/") + header + value[0];
        EXPECT_EQ(cache(edge.get(path)), "MISS");
        EXPECT_EQ(cache(edge.get(path)), "MISS") << header << ": " << value;
        EXPECT_EQ(edge.get(path).header(header), value);
    }
}

TEST_F(Edge, WhatIsNotThereIsRememberedForAMoment) {
    Origin web;
    EdgeProcess edge(with([](api::Cdn& cdn) { cdn.paths.push_back(rule("/never/*", 9, 0)); }),
                     web.port());
    web.status = 404;
    EXPECT_EQ(cache(edge.get("/static/a")), "MISS");
    EXPECT_EQ(cache(edge.get("/static/a")), "HIT");
    EXPECT_EQ(cache(edge.get("/never/a")), "MISS");
    EXPECT_EQ(cache(edge.get("/never/a")), "MISS");
    web.status = 500;
    EXPECT_EQ(cache(edge.get("/static/b")), "MISS");
    EXPECT_EQ(cache(edge.get("/static/b")), "MISS");
}

TEST_F(Edge, ManyMissesAtOnceReachTheOriginOnce) {
    Origin web;
    web.gate = std::make_shared<support::Gate>();
    EdgeProcess edge(edgeModel(), web.port());
    std::vector<std::thread> visitors;
    std::atomic<int> served = 0;
    for (int i = 0; i < 60; ++i) {
        visitors.emplace_back([&] { served += edge.get("/static/a").status == 200 ? 1 : 0; });
    }
    EXPECT_TRUE(soon([&] { return web.asked > 0; }));
    // It is the slow ones that must not be asked by all of them.
    std::this_thread::sleep_for(std::chrono::seconds(6));
    web.gate->open();
    for (auto& visitor : visitors) {
        visitor.join();
    }
    EXPECT_EQ(served, 60);
    EXPECT_EQ(web.asked, 1);
}

// Each miss would let in one visitor more, and only when that one looks again.
TEST_F(Edge, NobodyWaitsForLongForWhatIsNotKept) {
    Origin web;
    web.headers = {{"Cache-Control", "private"}};
    EdgeProcess edge(edgeModel(), web.port());
    edge.get("/static/a");
    auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> visitors;
    std::atomic<int> served = 0;
    for (int i = 0; i < 60; ++i) {
        visitors.emplace_back([&] { served += edge.get("/static/a").status == 200 ? 1 : 0; });
    }
    for (auto& visitor : visitors) {
        visitor.join();
    }
    EXPECT_EQ(served, 60);
    EXPECT_EQ(web.asked, 61);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
}

TEST_F(Edge, WithoutAnOriginWhatIsKeptIsGivenOutInItsGraceOnly) {
    Origin web;
    EdgeProcess edge(with([](api::Cdn& cdn) {
                         cdn.paths[0].ttlSeconds = 1;
                         cdn.paths.push_back(rule("/soon/*", 1));
                         cdn.staleWhileRevalidateSeconds = 0;
                         cdn.staleIfErrorSeconds = 4;
                     }),
                     web.port());
    auto first = edge.get("/static/a").body;
    web.status = 503;
    EXPECT_TRUE(soon([&] { return cache(edge.get("/static/a")) == "STALE"; }));
    EXPECT_EQ(edge.get("/static/a").body, first);
    EXPECT_EQ(edge.get("/static/unknown").status, 503);
    EXPECT_THAT(edge.get("/static/unknown").body, HasSubstr("/static/unknown"));
    web.stop();
    EXPECT_EQ(edge.get("/static/a").body, first);
    EXPECT_EQ(edge.admin("/origin/0").status, 502);
    EXPECT_TRUE(soon([&] { return edge.get("/static/a").status == 502; })) << "grace has an end";
    EXPECT_TRUE(soon([&] { return edge.tally("stale") >= 3 && edge.tally("failed") >= 3; }));
}

TEST_F(Edge, WhatIsGoneIsNotGivenOutForGrace) {
    Origin web;
    EdgeProcess edge(with([](api::Cdn& cdn) {
                         cdn.paths[0].ttlSeconds = 1;
                         cdn.staleWhileRevalidateSeconds = 0;
                     }),
                     web.port());
    edge.get("/static/a");
    web.status = 404;
    EXPECT_TRUE(soon([&] { return edge.get("/static/a").status == 404; }));
}

TEST_F(Edge, AnOldAnswerIsRenewedBehindTheVisitorsBack) {
    Origin web;
    EdgeProcess edge(with([](api::Cdn& cdn) { cdn.paths[0].ttlSeconds = 1; }), web.port());
    auto first = edge.get("/static/a").body;
    std::string seen;
    Answer old;
    EXPECT_TRUE(soon([&] {
        old = edge.get("/static/a");
        return cache(old) == "STALE";
    }));
    EXPECT_EQ(old.body, first);
    EXPECT_TRUE(soon([&] { return edge.get("/static/a").body != first; }));
}

TEST_F(Edge, OriginsAreAskedInOrderAndTheFirstOneAgainWhenItIsBack) {
    Origin web;
    Origin backup;
    EdgeProcess edge(
        with([&](api::Cdn& cdn) {
            cdn.origins.push_back({.name = "backup", .host = "127.0.0.1", .port = backup.port()});
        }),
        web.port());
    web.status = 503;
    EXPECT_THAT(edge.get("/static/a").body, HasSubstr("host=127.0.0.1:"));
    EXPECT_THAT(edge.get("/other").body, HasSubstr("host=127.0.0.1:"));
    EXPECT_EQ(edge.get("/other", "", "POST").status, 503) << "nothing is done twice";
    EXPECT_EQ(edge.admin("/origins").status, 200);
    EXPECT_NE(edge.admin("/origins").body, "") << "a kubelet reads as much as was announced";
    web.status = 200;
    EXPECT_THAT(edge.get("/static/b").body, HasSubstr("host=shop"));
    EXPECT_EQ(edge.admin("/origin/0").status, 200);
    backup.stop();
    EXPECT_EQ(edge.admin("/origin/1").status, 502);
}

TEST_F(Edge, ANewEpochLetsGoOfEverythingAndAnOldOneBringsNothingBack) {
    Origin web;
    EdgeProcess edge(edgeModel(), web.port());
    auto first = edge.get("/static/a").body;
    EXPECT_EQ(edge.admin("/epoch").body, "one");
    edge.epoch("two");
    EXPECT_EQ(edge.admin("/epoch").body, "two");
    EXPECT_NE(edge.get("/static/a").body, first);
    edge.epoch("one");
    EXPECT_EQ(cache(edge.get("/static/a")), "MISS");
    EXPECT_EQ(web.asked, 3);
}

TEST_F(Edge, AnEdgeThatLeavesSaysSo) {
    Origin web;
    EdgeProcess edge(edgeModel(), web.port());
    edge.get("/static/a?x=%2F");
    edge.leave();
    auto answer = edge.get("/static/a?x=%2F");
    EXPECT_EQ(cache(answer), "HIT");
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_THAT(edge.get("/o%2Fx?y=1").body, HasSubstr(" /o%2Fx?y=1 "));
    EXPECT_EQ(edge.get("/.edge-leaving/x").status, 200) << "passed on as any other path";
}

}  // namespace
