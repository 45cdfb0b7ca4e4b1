// A plain HTTP client on loopback, for tests of servers.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>

namespace test {

class Loopback {
  public:
    Loopback() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    explicit Loopback(uint16_t port) : Loopback() { open(port); }
    void open(uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        timeval limit{20, 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        connected_ =
            connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    ~Loopback() { close(socket_); }
    Loopback(const Loopback&) = delete;
    Loopback& operator=(const Loopback&) = delete;

    // False when nothing came within the time.
    bool readable(int milliseconds) const {
        pollfd file{socket_, POLLIN, 0};
        return poll(&file, 1, milliseconds) > 0;
    }
    bool connected() const { return connected_; }
    void send(const std::string& bytes) const {
        ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    // Until the other side closes.
    std::string readAll() const {
        std::string out;
        std::array<char, 4096> buffer{};
        for (ssize_t n = 0; (n = recv(socket_, buffer.data(), buffer.size(), 0)) > 0;) {
            out.append(buffer.data(), static_cast<size_t>(n));
        }
        return out;
    }
    // Until `end` was read (or the other side closes).
    std::string readUntil(const std::string& end) const {
        std::string out;
        char c = 0;
        while (!out.ends_with(end) && recv(socket_, &c, 1, 0) == 1) {
            out += c;
        }
        return out;
    }

  private:
    int socket_;
    bool connected_ = false;
};

inline std::string httpGet(uint16_t port, const std::string& target,
                           const std::string& method = "GET") {
    Loopback client(port);
    client.send(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return client.readAll();
}

}  // namespace test
