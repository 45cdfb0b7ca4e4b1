#include "e2e/support/inside.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

namespace e2e {
namespace {

constexpr const char* kNode = "kn1";
constexpr int kShopPort = 8080;

}  // namespace

void InsideTest::SetUp() {
    if (!havePower()) {
        GTEST_SKIP() << "needs the local cluster";
    }
    auto path = power({"netns", kNode});
    ASSERT_TRUE(path.ok()) << path.err;
    netns_ = path.out.substr(0, path.out.find('\n'));
    ClusterTest::SetUp();
}

void InsideTest::TearDown() {
    for (const auto& address : added_) {
        run({"/usr/bin/env", "nsenter", "--net=" + netns_, "ip", "address", "del", address, "dev",
             "eth0"});
    }
    ClusterTest::TearDown();
}

// Only the calling thread changes its namespace: so it is one that ends with it.
void InsideTest::inside(const std::function<void()>& what) const {
    std::string refusal;
    std::thread([&] {
        int fd = open(netns_.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) {
            refusal = std::strerror(errno);
        } else {
            what();
        }
        close(fd);
    }).join();
    ASSERT_EQ(refusal, "") << netns_;
}

support::Met InsideTest::crowd(const support::Crowd& what) const {
    support::Met out;
    inside([&] { out = support::crowd(what); });
    return out;
}

support::Answer InsideTest::ask(const support::Address& address, const support::Ask& what) const {
    support::Answer out;
    inside([&] { out = support::ask(address, what); });
    return out;
}

// Of the network of the nodes, whose plan leaves them free: every node finds its way back to them.
std::vector<std::string> InsideTest::addresses(int count) {
    constexpr int kFirst = 110;
    auto own = field("node", kNode, "/status/addresses/0/address");
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) {
        out.push_back(own.substr(0, own.rfind('.') + 1) + std::to_string(kFirst + i));
        auto added = run({"/usr/bin/env", "nsenter", "--net=" + netns_, "ip", "address", "add",
                          out.back() + "/32", "dev", "eth0"});
        EXPECT_TRUE(added.ok()) << added.err;
        added_.push_back(out.back() + "/32");
    }
    return out;
}

std::vector<InsideTest::Pod> InsideTest::pods(const std::string& tier) const {
    std::vector<Pod> out;
    for (const auto& pod : readyPods("shop", tier)) {
        out.push_back({base::stringAt(pod, "/metadata/name").value_or(""),
                       base::stringAt(pod, "/status/podIP").value_or("")});
    }
    return out;
}

support::Address InsideTest::service(const std::string& name) const {
    return {field("service", name, "/spec/clusterIP"), 80};
}

std::string InsideTest::troublesome(const std::string& web) {
    return web + ", health: {path: /healthz}, env: [{name: ALLOW_TROUBLE, value: 'true'}]";
}

void InsideTest::trouble(const Pod& pod, const std::string& what) const {
    auto done = ask(pod.at(kShopPort), {.method = "POST", .path = "/trouble?" + what});
    ASSERT_EQ(done.status, 200) << pod.name << ": " << done.body;
}

void InsideTest::troubleAll(const std::string& what) const {
    for (const auto& pod : pods()) {
        trouble(pod, what);
    }
}

InsideTest::Counts InsideTest::counts() const {
    Counts out;
    for (const auto& pod : pods()) {
        auto told = base::parseJson(ask(pod.at(kShopPort), {.path = "/counts"}).body);
        EXPECT_TRUE(told) << pod.name;
        if (told) {
            out.requests += base::intAt(*told, "/requests").value_or(0);
            out.mostAtOnce =
                std::max(out.mostAtOnce, base::intAt(*told, "/mostAtOnce").value_or(0));
        }
    }
    return out;
}

}  // namespace e2e
