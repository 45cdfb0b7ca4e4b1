// Both proxies listen by IPv4 and, where the machine has it, by IPv6.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plan/balancing.h"
#include "plan/dns_stub.h"
#include "plan/edge.h"

namespace {

using namespace plan_test;

bool listensByIpv6(int port) {
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    sockaddr_in6 target{};
    target.sin6_family = AF_INET6;
    target.sin6_addr = in6addr_loopback;
    target.sin6_port = htons(static_cast<uint16_t>(port));
    bool out = connect(fd, reinterpret_cast<sockaddr*>(&target), sizeof target) == 0;
    close(fd);
    return out;
}

class Families : public testing::Test {
  protected:
    static bool hasIpv6() { return access("/proc/net/if_inet6", F_OK) == 0; }
};

TEST_F(Families, TheEdgeListensByAllOfThem) {
    if (nginxBinary().empty()) {
        GTEST_SKIP() << "nginx is not installed";
    }
    Pod web("web");
    plan::NginxModel model{.app = "shop", .webHost = "127.0.0.1"};
    model.cdn.paths = {{.match = "/static/*", .ttlSeconds = 600, .cacheKey = {}}};
    EdgeProcess edge(model, web.port());
    EXPECT_EQ(edge.get("/").status, 200);
    EXPECT_EQ(listensByIpv6(edge.port()), hasIpv6());
}

TEST_F(Families, TheBalancerListensByAllOfThem) {
    if (haproxyBinary().empty()) {
        GTEST_SKIP() << "haproxy is not installed (tests/setup/install test)";
    }
    DnsStub dns({});
    Balancer balancer(
        plan::HaproxyModel{.app = "shop", .pools = {{.name = "web", .service = "shop-web.ns"}}},
        dns);
    EXPECT_EQ(balancer.get("/").status, 503);
    EXPECT_EQ(listensByIpv6(balancer.port()), hasIpv6());
}

}  // namespace
