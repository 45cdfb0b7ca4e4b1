#include "kube/keep_alive.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace kube {

void keepAlive(int fd) {
    const int on = 1;
    const int idleSeconds = 20;
    const int intervalSeconds = 5;
    const int probes = 3;
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idleSeconds, sizeof idleSeconds);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &intervalSeconds, sizeof intervalSeconds);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool quietlyClosed(int fd) {
    pollfd idle{fd, POLLIN | POLLRDHUP, 0};
    return ::poll(&idle, 1, 0) != 0;
}

}  // namespace kube
