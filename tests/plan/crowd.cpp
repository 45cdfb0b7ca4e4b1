#include "plan/crowd.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <strings.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>

namespace plan_test {
namespace {

using CrowdClock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Client {
    int fd = -1;
    bool asked = false;
    CrowdClock::time_point since;
    std::string got;
};

int connectTo(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 &&
        errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

// -1: not all of it is there.
int statusOf(const std::string& got) {
    size_t end = got.find("\r\n\r\n");
    if (end == std::string::npos) {
        return -1;
    }
    for (size_t line = got.find("\r\n"); line < end; line = got.find("\r\n", line + 2)) {
        constexpr const char* kLength = "content-length:";
        if (strncasecmp(got.c_str() + line + 2, kLength, 15) == 0) {
            auto length = std::strtoull(got.c_str() + line + 17, nullptr, 10);
            return got.size() < end + 4 + length ? -1 : std::atoi(got.c_str() + 9);
        }
    }
    return 0;
}

class Run {
  public:
    explicit Run(const Crowd& what)
        : what_(what),
          clients_(static_cast<size_t>(what.clients)),
          text_("GET " + what.path + " HTTP/1.1\r\nHost: shop\r\n\r\n"),
          poll_(epoll_create1(0)) {}

    ~Run() {
        for (const auto& client : clients_) {
            if (client.fd >= 0) {
                close(client.fd);
            }
        }
        close(poll_);
    }

    Met go() {
        auto began = CrowdClock::now();
        for (size_t i = 0; i < clients_.size(); ++i) {
            open(i);
        }
        while (met_.ok + met_.failed < what_.requests && CrowdClock::now() - began < 60s) {
            epoll_event events[256];
            int count = epoll_wait(poll_, events, 256, 1000);
            for (int i = 0; i < count; ++i) {
                turn(events[i].data.u64, events[i].events);
            }
        }
        met_.failed = what_.requests - met_.ok;
        met_.seconds = std::chrono::duration<double>(CrowdClock::now() - began).count();
        return met_;
    }

  private:
    void open(size_t index) {
        auto& client = clients_[index];
        client.fd = connectTo(what_.ports[index % what_.ports.size()]);
        if (client.fd < 0) {
            ++met_.failed;
            return;
        }
        epoll_event event{.events = EPOLLOUT, .data = {.u64 = index}};
        epoll_ctl(poll_, EPOLL_CTL_ADD, client.fd, &event);
    }

    void turn(size_t index, uint32_t events) {
        auto& client = clients_[index];
        if (!client.asked && (events & EPOLLOUT) != 0) {
            epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
            epoll_ctl(poll_, EPOLL_CTL_MOD, client.fd, &event);
            client.asked = true;
            ask(client);
            if (++asked_ == what_.clients && what_.allAsked) {
                what_.allAsked();
            }
            return;
        }
        char part[16384];
        ssize_t n = recv(client.fd, part, sizeof part, 0);
        if (n <= 0) {
            giveUp(client);
            return;
        }
        client.got.append(part, static_cast<size_t>(n));
        answered(client);
    }

    void ask(Client& client) {
        if (begun_ == what_.requests) {
            return;
        }
        ++begun_;
        client.got.clear();
        client.since = CrowdClock::now();
        if (send(client.fd, text_.data(), text_.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(text_.size())) {
            giveUp(client);
        }
    }

    void answered(Client& client) {
        int status = statusOf(client.got);
        if (status < 0) {
            return;
        }
        if (status == 200) {
            ++met_.ok;
            met_.milliseconds.push_back(
                std::chrono::duration<double, std::milli>(CrowdClock::now() - client.since)
                    .count());
        } else {
            ++met_.failed;
        }
        ask(client);
    }

    void giveUp(Client& client) {
        close(client.fd);
        client.fd = -1;
        ++met_.failed;
    }

    const Crowd& what_;
    std::vector<Client> clients_;
    const std::string text_;
    int poll_;
    int64_t begun_ = 0;
    int asked_ = 0;
    Met met_;
};

}  // namespace

double Met::percentile(double share) const {
    auto sorted = milliseconds;
    std::sort(sorted.begin(), sorted.end());
    auto rank = static_cast<size_t>(share * static_cast<double>(sorted.size()));
    return sorted.empty() ? 0 : sorted[std::min(rank, sorted.size() - 1)];
}

void Met::add(const Met& more) {
    ok += more.ok;
    failed += more.failed;
    seconds += more.seconds;
    milliseconds.insert(milliseconds.end(), more.milliseconds.begin(), more.milliseconds.end());
}

Met crowd(const Crowd& what) {
    return Run(what).go();
}

int64_t raiseOpenFiles() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<int64_t>(limit.rlim_cur);
}

}  // namespace plan_test
