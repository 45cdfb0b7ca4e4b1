#include "support/http_ask.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <regex>

namespace support {
namespace {

// While nobody listens there, a socket of that very address would be connected to itself.
bool isItself(int fd, const sockaddr_in& to) {
    sockaddr_in own{};
    socklen_t size = sizeof own;
    getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size);
    return own.sin_port == to.sin_port && own.sin_addr.s_addr == to.sin_addr.s_addr;
}

std::string exchange(const Address& address, const std::string& from, const std::string& text) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    // Whoever has taken the port meanwhile may never answer.
    const timeval bound{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
    auto source = socketAddress({from.empty() ? "0.0.0.0" : from, 0});
    auto target = socketAddress(address);
    std::string out;
    if (bind(fd, reinterpret_cast<sockaddr*>(&source), sizeof source) == 0 &&
        !isItself(fd, target) &&
        connect(fd, reinterpret_cast<sockaddr*>(&target), sizeof target) == 0 &&
        send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size())) {
        char part[4096];
        for (ssize_t n = 0; (n = recv(fd, part, sizeof part, 0)) > 0;) {
            out.append(part, static_cast<size_t>(n));
        }
    }
    close(fd);
    return out;
}

}  // namespace

sockaddr_in socketAddress(const Address& address) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(static_cast<uint16_t>(address.port));
    inet_pton(AF_INET, address.host.c_str(), &out.sin_addr);
    return out;
}

std::string Answer::header(const std::string& name) const {
    std::smatch found;
    std::regex line("\r\n" + name + ": ([^\r]*)", std::regex::icase);
    return std::regex_search(head, found, line) ? found[1].str() : "";
}

Answer ask(const Address& address, const Ask& what) {
    bool hasBody = what.method == "POST" || what.method == "PUT";
    auto text = exchange(address, what.from,
                         what.method + " " + what.path + " HTTP/1.1\r\nHost: shop\r\n" +
                             (hasBody ? "Content-Length: 0\r\n" : "") + what.headers +
                             "Connection: close\r\n\r\n");
    Answer out;
    size_t end = text.find("\r\n\r\n");
    if (end != std::string::npos) {
        out.head = text.substr(0, end);
        out.body = text.substr(end + 4);
        out.status = std::stoi(out.head.substr(9, 3));
    }
    return out;
}

}  // namespace support
