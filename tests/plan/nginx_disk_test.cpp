// What visitors send, and what they are slow to fetch, fills no disk of an edge: it would be
// evicted for it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "plan/edge.h"

namespace {

using namespace plan_test;
using testing::HasSubstr;
using testing::Not;

plan::NginxModel keptModel() {
    plan::NginxModel out{.app = "shop", .webHost = "127.0.0.1"};
    out.cdn.paths = {{.match = "/static/*", .ttlSeconds = 600, .cacheKey = {}}};
    return out;
}

class Connection {
  public:
    explicit Connection(int fd) : fd_(fd) {
        const timeval bound{.tv_sec = 20, .tv_usec = 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
    }
    ~Connection() { close(fd_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void connectTo(int port) const {
        // Small: what the visitor does not read stays with the edge.
        const int size = 4096;
        setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        auto target = loopback(port);
        ASSERT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&target), sizeof target), 0);
    }
    void say(const std::string& text) const {
        ASSERT_EQ(send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    std::string next() const {
        char part[4096];
        ssize_t size = recv(fd_, part, sizeof part, 0);
        return {part, static_cast<size_t>(std::max<ssize_t>(size, 0))};
    }
    int fd() const { return fd_; }

  private:
    int fd_;
};

class EdgeDisk : public testing::Test {
  protected:
    void SetUp() override {
        if (nginxBinary().empty()) {
            GTEST_SKIP() << "nginx is not installed";
        }
    }
};

TEST_F(EdgeDisk, WhatIsSentGoesToTheOriginAsItComes) {
    OwnPort origin;
    ASSERT_EQ(listen(origin.fd(), 8), 0);
    EdgeProcess edge(keptModel(), origin);
    Connection visitor(socket(AF_INET, SOCK_STREAM, 0));
    visitor.connectTo(edge.port());
    visitor.say("POST /static/x HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000000\r\n\r\n" +
                std::string(50000, 'x'));
    pollfd asked{.fd = origin.fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&asked, 1, 10000), 1) << "the edge waits for all of it";
    Connection seen(accept(origin.fd(), nullptr, nullptr));
    EXPECT_THAT(seen.next(), HasSubstr("POST /static/x"));
}

TEST_F(EdgeDisk, WhatIsNotKeptIsNotPutThereForSlowVisitors) {
    constexpr int kParts = 256;
    const std::string part(65536, 'x');
    support::HttpStub origin([&](const support::StubRequest&, support::StubReply& reply) {
        reply.begin(200, {{"Cache-Control", "no-store"}});
        for (int i = 0; i < kParts && reply.chunk(part); ++i) {
        }
        reply.end();
    });
    EdgeProcess edge(keptModel(), origin.port());
    Connection visitor(socket(AF_INET, SOCK_STREAM, 0));
    visitor.connectTo(edge.port());
    visitor.say("GET /static/x HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");
    size_t all = 0;
    for (std::string piece; !(piece = visitor.next()).empty();) {
        all += piece.size();
    }
    EXPECT_GT(all, kParts * part.size());
    EXPECT_THAT(edge.log(), Not(HasSubstr("temporary file")));
}

TEST_F(EdgeDisk, WhatIsKeptIsKeptWhole) {
    const std::string body(4 << 20, 'x');
    support::HttpStub origin(
        [&](const support::StubRequest&, support::StubReply& reply) { reply.send(200, body); });
    EdgeProcess edge(keptModel(), origin.port());
    EXPECT_EQ(edge.get("/static/x").body, body);
    auto again = edge.get("/static/x");
    EXPECT_EQ(again.header("X-Cache"), "HIT");
    EXPECT_EQ(again.body, body);
}

}  // namespace
