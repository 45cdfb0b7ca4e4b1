#include "plan/own_port.h"

#include <sys/socket.h>
#include <unistd.h>

#include "support/http_ask.h"

namespace plan_test {

sockaddr_in loopback(int port, const std::string& address) {
    return support::socketAddress({address, port});
}

int portOf(int fd) {
    sockaddr_in own{};
    socklen_t size = sizeof own;
    getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size);
    return ntohs(own.sin_port);
}

int freePort() {
    return OwnPort();
}

// What is asked for afterwards does not make the kernel give the port away, only share it.
OwnPort::OwnPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto any = loopback(0);
    bind(fd_, reinterpret_cast<sockaddr*>(&any), sizeof any);
    number_ = portOf(fd_);
    const int yes = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd_, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
}

OwnPort::~OwnPort() {
    close(fd_);
}

}  // namespace plan_test
