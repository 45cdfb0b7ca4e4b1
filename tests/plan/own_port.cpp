#include "plan/own_port.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace plan_test {

sockaddr_in loopback(int port, const std::string& address) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, address.c_str(), &out.sin_addr);
    return out;
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
