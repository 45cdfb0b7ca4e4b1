#include "support/crowd.h"

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

namespace support {
namespace {

using CrowdClock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Client {
    int fd = -1;
    bool connected = false;
    bool counted = false;  // among those that have asked
    CrowdClock::time_point since;
    std::string got;
};

int connectTo(const Address& to, const std::string& from) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // The port is chosen by both ends together, so that they last for thousands.
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    auto source = socketAddress({from, 0});
    auto target = socketAddress(to);
    bool bound = from.empty() || bind(fd, reinterpret_cast<sockaddr*>(&source), sizeof source) == 0;
    if (fd >= 0 &&
        (!bound || (connect(fd, reinterpret_cast<sockaddr*>(&target), sizeof target) != 0 &&
                    errno != EINPROGRESS))) {
        close(fd);
        return -1;
    }
    return fd;
}

// Of the header's line, or empty.
std::string headerOf(const std::string& got, const std::string& name) {
    size_t end = got.find("\r\n\r\n");
    std::string begin = name + ": ";
    for (size_t line = got.find("\r\n"); line < end; line = got.find("\r\n", line + 2)) {
        if (strncasecmp(got.c_str() + line + 2, begin.c_str(), begin.size()) == 0) {
            size_t from = line + 2 + begin.size();
            return got.substr(from, got.find("\r\n", from) - from);
        }
    }
    return "";
}

// -1: not all of it is there. 0: no end of it can be known.
int statusOf(const std::string& got) {
    size_t end = got.find("\r\n\r\n");
    if (end == std::string::npos) {
        return -1;
    }
    auto length = headerOf(got, "content-length");
    if (length.empty()) {
        return 0;
    }
    return got.size() < end + 4 + std::stoull(length) ? -1 : std::atoi(got.c_str() + 9);
}

class Run {
  public:
    explicit Run(const Crowd& what)
        : what_(what),
          clients_(static_cast<size_t>(what.clients)),
          text_("GET " + what.path + " HTTP/1.1\r\nHost: shop\r\n\r\n"),
          poll_(epoll_create1(0)) {
        met_.last.resize(clients_.size());
    }

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
                turn(events[i].data.u64);
            }
        }
        met_.failed = what_.requests - met_.ok;
        met_.seconds = std::chrono::duration<double>(CrowdClock::now() - began).count();
        return met_;
    }

  private:
    void open(size_t index) {
        auto& client = clients_[index];
        std::string from = what_.from.empty() ? "" : what_.from[index % what_.from.size()];
        client.fd = connectTo(what_.to[index % what_.to.size()], from);
        if (client.fd < 0) {
            ++met_.failed;
            return;
        }
        epoll_event event{.events = EPOLLOUT, .data = {.u64 = index}};
        epoll_ctl(poll_, EPOLL_CTL_ADD, client.fd, &event);
    }

    void turn(size_t index) {
        auto& client = clients_[index];
        if (!client.connected) {
            epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
            epoll_ctl(poll_, EPOLL_CTL_MOD, client.fd, &event);
            client.connected = true;
            ask(index);
            if (!client.counted && ++asked_ == what_.clients && what_.allAsked) {
                what_.allAsked();
            }
            client.counted = true;
            return;
        }
        char part[16384];
        ssize_t n = recv(client.fd, part, sizeof part, 0);
        if (n <= 0) {
            giveUp(index);
            return;
        }
        client.got.append(part, static_cast<size_t>(n));
        answered(index);
    }

    void ask(size_t index) {
        auto& client = clients_[index];
        if (begun_ == what_.requests) {
            return;
        }
        ++begun_;
        client.got.clear();
        client.since = CrowdClock::now();
        if (send(client.fd, text_.data(), text_.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(text_.size())) {
            giveUp(index);
        }
    }

    void answered(size_t index) {
        auto& client = clients_[index];
        int status = statusOf(client.got);
        if (status < 0) {
            return;
        }
        ++met_.statuses[status];
        met_.milliseconds.push_back(
            std::chrono::duration<double, std::milli>(CrowdClock::now() - client.since).count());
        if (status == 200) {
            ++met_.ok;
            met_.last[index] = client.got.substr(client.got.find("\r\n\r\n") + 4);
            ++met_.bodies[met_.last[index]];
        } else {
            ++met_.failed;
        }
        if (headerOf(client.got, "connection") == "close") {
            openAnew(index);
        } else {
            ask(index);
        }
    }

    void giveUp(size_t index) {
        ++met_.failed;
        openAnew(index);
    }

    void openAnew(size_t index) {
        auto& client = clients_[index];
        close(client.fd);
        client.fd = -1;
        client.connected = false;
        if (begun_ < what_.requests) {
            open(index);
        }
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
    for (const auto& [status, count] : more.statuses) {
        statuses[status] += count;
    }
    for (const auto& [body, count] : more.bodies) {
        bodies[body] += count;
    }
    last = more.last;
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

}  // namespace support
