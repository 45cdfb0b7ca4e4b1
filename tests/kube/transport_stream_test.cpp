#include <atomic>
#include <stdexcept>

#include "transport_fixture.h"

namespace kube_test {
namespace {

using kube::ErrorKind;

class TransportStream : public TransportTest {};
EVERY_TRANSPORT(TransportStream);

TEST_P(TransportStream, LinesArriveWholeHoweverTheyAreCut) {
    const std::string text = "{\"a\":1}\n{\"b\":\"two\"}\n\n{\"c\":3}\n";
    for (size_t piece : {1U, 2U, 7U, 100U}) {
        HttpStub server([&](const StubRequest&, StubReply& reply) {
            reply.begin();
            for (size_t at = 0; at < text.size(); at += piece) {
                reply.chunk(std::string_view(text).substr(at, piece));
            }
            reply.end();
        });
        auto seen = watch(*to(server), get("/watch"));
        EXPECT_TRUE(seen.end.ok());
        EXPECT_EQ(seen.lines,
                  (std::vector<std::string>{"{\"a\":1}", "{\"b\":\"two\"}", "{\"c\":3}"}))
            << "in pieces of " << piece;
    }
}

TEST_P(TransportStream, ALineArrivesWhileTheStreamIsStillOpen) {
    Gate seen;
    bool told = false;
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin();
        reply.chunk("{\"first\":true}\n");
        told = seen.wait();
        reply.end();
    });
    auto end = to(server)->stream(get("/watch"), [&](std::string_view) { seen.open(); }, {});
    EXPECT_TRUE(end.ok());
    EXPECT_TRUE(told) << "the line came only with the end of the stream";
}

TEST_P(TransportStream, ALongLineIsKeptWhole) {
    const std::string line(5U << 20U, 'x');
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin();
        reply.chunk(line);
        reply.chunk("\n");
        reply.end();
    });
    auto seen = watch(*to(server), get("/watch"));
    ASSERT_TRUE(seen.end.ok());
    ASSERT_EQ(seen.lines.size(), 1U);
    EXPECT_EQ(seen.lines[0], line);
}

TEST_P(TransportStream, ALineOverTheLimitEndsTheStreamAsMalformed) {
    const std::string piece(1U << 20U, 'x');
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin();
        while (reply.chunk(piece)) {
        }
    });
    auto seen = watch(*to(server), get("/watch"));
    ASSERT_FALSE(seen.end.ok());
    EXPECT_EQ(seen.end.error().kind, ErrorKind::Malformed);
    EXPECT_TRUE(seen.lines.empty());
}

TEST_P(TransportStream, TheServerIsHeldBackWhileTheHandlerRuns) {
    // Far more than all socket buffers: the writer can only finish when the reader goes on.
    constexpr size_t kTotal = 64U << 20U;
    std::string piece(64U << 10U, 'x');
    piece += '\n';
    std::atomic<size_t> written{0};
    std::atomic<bool> finished{false};
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin();
        while (written < kTotal && reply.chunk(piece)) {
            written += piece.size();
        }
        finished = true;
        reply.end();
    });
    size_t read = 0;
    size_t aheadAtPause = 0;
    auto end =
        to(server)->stream(get("/watch"),
                           [&](std::string_view line) {
                               if (read == 0) {
                                   // Wait until the writer makes no progress any more: it is
                                   // blocked, or has finished.
                                   for (size_t last = SIZE_MAX; last != written && !finished;) {
                                       last = written;
                                       std::this_thread::sleep_for(std::chrono::milliseconds(300));
                                   }
                                   aheadAtPause = written;
                               }
                               read += line.size() + 1;
                           },
                           {});
    EXPECT_TRUE(end.ok());
    EXPECT_GE(read, kTotal);
    EXPECT_LT(aheadAtPause, kTotal / 2) << "the transport read on while its caller was busy";
}

TEST_P(TransportStream, StopEndsAQuietWatch) {
    bool gone = false;
    Gate done;
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin();
        reply.chunk("{}\n");
        gone = reply.awaitPeerGone();
        done.open();
    });
    std::stop_source source;
    auto end = to(server)->stream(
        get("/watch"), [&](std::string_view) { source.request_stop(); }, source.get_token());
    ASSERT_FALSE(end.ok());
    EXPECT_EQ(end.error().kind, ErrorKind::Cancelled);
    EXPECT_TRUE(done.wait());
    EXPECT_TRUE(gone) << "the connection stayed open";
}

TEST_P(TransportStream, StopBeforeTheStatusLineIsHeard) {
    Gate asked;
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        asked.open();
        reply.awaitPeerGone();
    });
    std::stop_source source;
    std::jthread stopper([&] {
        EXPECT_TRUE(asked.wait());
        source.request_stop();
    });
    auto seen = watch(*to(server), get("/watch"), source.get_token());
    ASSERT_FALSE(seen.end.ok());
    EXPECT_EQ(seen.end.error().kind, ErrorKind::Cancelled);
}

TEST_P(TransportStream, NothingIsHandedOnAfterStop) {
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin();
        reply.chunk("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
        reply.awaitPeerGone();
    });
    std::stop_source source;
    int lines = 0;
    auto end = to(server)->stream(
        get("/watch"),
        [&](std::string_view) {
            ++lines;
            source.request_stop();
        },
        source.get_token());
    EXPECT_EQ(lines, 1);
}

TEST_P(TransportStream, SilenceBeyondTheTimeoutEndsIt) {
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin();
        reply.chunk("{}\n");
        reply.awaitPeerGone();  // half open: the peer is there and says nothing
    });
    auto request = get("/watch");
    request.timeout = std::chrono::milliseconds(200);
    auto seen = watch(*to(server), request);
    ASSERT_FALSE(seen.end.ok());
    EXPECT_EQ(seen.end.error().kind, ErrorKind::Timeout);
    EXPECT_EQ(seen.lines.size(), 1U);
}

TEST_P(TransportStream, LinesKeepAWatchAliveBeyondTheTimeout) {
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin();
        for (int i = 0; i < 12; ++i) {
            reply.chunk("{}\n");
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
        }
        reply.end();
    });
    auto request = get("/watch");
    request.timeout = std::chrono::milliseconds(2000);
    auto seen = watch(*to(server), request);
    EXPECT_TRUE(seen.end.ok());
    EXPECT_EQ(seen.lines.size(), 12U);
}

TEST_P(TransportStream, AnotherStatusIsTheErrorOfItsBody) {
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.send(410, R"({"kind":"Status","reason":"Expired","message":"too old","code":410})");
    });
    auto seen = watch(*to(server), get("/watch"));
    ASSERT_FALSE(seen.end.ok());
    EXPECT_EQ(seen.end.error().kind, ErrorKind::Expired);
    EXPECT_EQ(seen.end.error().message, "too old");
    EXPECT_TRUE(seen.lines.empty()) << "an error body is no watch event";
}

TEST_P(TransportStream, AnotherStatusInChunksAndWithRetryAfter) {
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin(429, {{"Retry-After", "7"}});
        reply.chunk(R"({"kind":"Status","reas)");
        reply.chunk("on\":\"TooManyRequests\"}\n");
        reply.end();
    });
    auto seen = watch(*to(server), get("/watch"));
    ASSERT_FALSE(seen.end.ok());
    EXPECT_EQ(seen.end.error().kind, ErrorKind::TooManyRequests);
    EXPECT_EQ(seen.end.error().retryAfter, std::chrono::seconds(7));
}

TEST_P(TransportStream, AnotherStatusWithoutABody) {
    HttpStub server([&](const StubRequest&, StubReply& reply) { reply.send(503, ""); });
    auto seen = watch(*to(server), get("/watch"));
    ASSERT_FALSE(seen.end.ok());
    EXPECT_EQ(seen.end.error().kind, ErrorKind::ServerError);
    EXPECT_EQ(seen.end.error().httpStatus, 503);
}

TEST_P(TransportStream, ACutInTheMiddleOfALineIsNoLine) {
    for (bool rude : {false, true}) {
        Gate seenFirst;
        HttpStub server([&](const StubRequest&, StubReply& reply) {
            reply.begin();
            reply.chunk("{\"whole\":1}\n");
            EXPECT_TRUE(seenFirst.wait());
            reply.chunk("{\"cut\":");
            rude ? reply.reset() : reply.close();
        });
        std::vector<std::string> lines;
        auto end = to(server)->stream(get("/watch"),
                                      [&](std::string_view line) {
                                          lines.emplace_back(line);
                                          seenFirst.open();
                                      },
                                      {});
        ASSERT_FALSE(end.ok());
        EXPECT_EQ(end.error().kind, ErrorKind::Unreachable) << end.error().str();
        EXPECT_EQ(lines, std::vector<std::string>{"{\"whole\":1}"});
    }
}

TEST_P(TransportStream, ARegularEndInTheMiddleOfALineIsMalformed) {
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin();
        reply.chunk("{\"whole\":1}\n{\"half\":");
        reply.end();
    });
    auto seen = watch(*to(server), get("/watch"));
    ASSERT_FALSE(seen.end.ok());
    EXPECT_EQ(seen.end.error().kind, ErrorKind::Malformed);
    EXPECT_EQ(seen.lines.size(), 1U);
}

TEST_P(TransportStream, AHandlerThatThrowsLeavesNothingBehind) {
    bool gone = false;
    Gate done;
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin();
        reply.chunk("{}\n");
        gone = reply.awaitPeerGone();
        done.open();
    });
    auto transport = to(server);
    EXPECT_THROW(
        static_cast<void>(transport->stream(
            get("/watch"), [](std::string_view) { throw std::runtime_error("defect"); }, {})),
        std::runtime_error);
    EXPECT_TRUE(done.wait());
    EXPECT_TRUE(gone) << "the watch went on without its caller";
}

TEST_P(TransportStream, AWarningOfTheServerIsLoggedOnce) {
    const std::string warning = overBeast() ? "beast is old" : "cpprest is old";
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin(200, {{"Warning", "299 - \"" + warning + "\""}});
        reply.chunk("{}\n");
        reply.end();
    });
    auto transport = to(server);
    testing::internal::CaptureStderr();
    watch(*transport, get("/watch"));
    watch(*transport, get("/watch"));
    const std::string log = testing::internal::GetCapturedStderr();
    const size_t first = log.find(warning);
    ASSERT_NE(first, std::string::npos) << log;
    EXPECT_EQ(log.find(warning, first + 1), std::string::npos);
}

TEST_P(TransportStream, ManyAtOnceAreStoppedTogether) {
    constexpr int kWatches = 12;  // more than the library has threads
    HttpStub server([&](const StubRequest&, StubReply& reply) {
        reply.begin();
        reply.chunk("{}\n");
        reply.awaitPeerGone();
    });
    auto transport = to(server);
    std::stop_source source;
    std::atomic<int> started{0};
    std::atomic<int> cancelled{0};
    Gate all;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kWatches; ++i) {
            threads.emplace_back([&] {
                auto end = transport->stream(
                    get("/watch"),
                    [&](std::string_view) {
                        if (++started == kWatches) {
                            all.open();
                        }
                    },
                    source.get_token());
                cancelled += !end.ok() && end.error().kind == ErrorKind::Cancelled ? 1 : 0;
            });
        }
        EXPECT_TRUE(all.wait()) << "only " << started << " of the watches run at once";
        source.request_stop();
    }
    EXPECT_EQ(cancelled, kWatches);
}

}  // namespace
}  // namespace kube_test
