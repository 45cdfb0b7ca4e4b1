#include "examples/shop_process.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace test {
namespace {

[[noreturn]] void becomeShop(const std::vector<std::string>& arguments,
                             const std::vector<std::string>& environment) {
    std::vector<char*> argv{const_cast<char*>("shop")};
    argv.reserve(arguments.size() + 2);
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    std::vector<char*> env;
    env.reserve(environment.size() + 1);
    for (const std::string& variable : environment) {
        env.push_back(const_cast<char*>(variable.c_str()));
    }
    env.push_back(nullptr);
    execve(SHOP_BINARY, argv.data(), env.data());
    _exit(127);
}

struct Pipe {
    std::array<int, 2> ends{-1, -1};
    Pipe() {
        if (pipe(ends.data()) != 0) {
            throw std::runtime_error("pipe failed");
        }
    }
};

std::string readAll(int file) {
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t n = 0; (n = read(file, part.data(), part.size())) > 0;) {
        text.append(part.data(), static_cast<std::size_t>(n));
    }
    return text;
}

int exitCode(pid_t pid) {
    int state = 0;
    waitpid(pid, &state, 0);
    return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

}  // namespace

ProcessEnd runShop(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment) {
    Pipe out;
    Pipe err;
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(out.ends[1], STDOUT_FILENO);
        dup2(err.ends[1], STDERR_FILENO);
        becomeShop(arguments, environment);
    }
    close(out.ends[1]);
    close(err.ends[1]);
    ProcessEnd end;
    end.out = readAll(out.ends[0]);
    end.err = readAll(err.ends[0]);
    close(out.ends[0]);
    close(err.ends[0]);
    end.exitCode = exitCode(pid);
    return end;
}

ShopProcess::ShopProcess(const std::vector<std::string>& arguments) {
    Pipe out;
    pid_ = fork();
    if (pid_ == 0) {
        dup2(out.ends[1], STDOUT_FILENO);
        close(out.ends[0]);
        close(out.ends[1]);
        becomeShop(arguments, {"PORT=0"});
    }
    close(out.ends[1]);
    out_ = out.ends[0];
    std::string line;
    for (char c = 0; read(out_, &c, 1) == 1 && c != '\n';) {
        line += c;
    }
    const auto space = line.rfind(' ');
    port_ = static_cast<uint16_t>(
        std::strtoul(line.c_str() + (space == std::string::npos ? 0 : space), nullptr, 10));
}

ShopProcess::~ShopProcess() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        wait();
    }
    close(out_);
}

std::chrono::milliseconds ShopProcess::cpuTime() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
    std::string field;
    long ticks = 0;
    for (int i = 1; i <= 15 && file >> field; ++i) {
        if (i >= 14) {
            ticks += std::stol(field);
        }
    }
    return std::chrono::milliseconds(ticks * 1000 / sysconf(_SC_CLK_TCK));
}

void ShopProcess::terminate() const {
    kill(pid_, SIGTERM);
}

int ShopProcess::wait() {
    const int code = exitCode(pid_);
    pid_ = -1;
    return code;
}

int ShopProcess::stop() {
    terminate();
    return wait();
}

HttpConnection::HttpConnection(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

HttpConnection::~HttpConnection() {
    close(socket_);
}

void HttpConnection::send(const std::string& text) const {
    std::size_t sent = 0;
    while (sent < text.size()) {
        const ssize_t n = ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        sent += static_cast<std::size_t>(n);
    }
}

void HttpConnection::get(const std::string& target) const {
    send("GET " + target + " HTTP/1.1\r\nHost: shop\r\n\r\n");
}

bool HttpConnection::answered() const {
    pollfd wanted{.fd = socket_, .events = POLLIN, .revents = 0};
    return !buffer_.empty() || poll(&wanted, 1, 0) > 0;
}

bool HttpConnection::receive() {
    std::array<char, 4096> part{};
    const ssize_t n = recv(socket_, part.data(), part.size(), 0);
    if (n <= 0) {
        return false;
    }
    buffer_.append(part.data(), static_cast<std::size_t>(n));
    return true;
}

HttpAnswer HttpConnection::answer(bool withBody) {
    std::size_t headEnd = 0;
    while ((headEnd = buffer_.find("\r\n\r\n")) == std::string::npos) {
        if (!receive()) {
            return {};
        }
    }
    HttpAnswer answer;
    answer.head = buffer_.substr(0, headEnd);
    buffer_.erase(0, headEnd + 4);
    answer.status = std::atoi(answer.head.substr(answer.head.find(' ')).c_str());
    const std::string name = "Content-Length: ";
    const auto length = answer.head.find(name);
    if (withBody && length != std::string::npos) {
        const auto size = std::strtoul(answer.head.c_str() + length + name.size(), nullptr, 10);
        while (buffer_.size() < size && receive()) {
        }
        answer.body = buffer_.substr(0, size);
        buffer_.erase(0, size);
    }
    return answer;
}

bool HttpConnection::ended() {
    return buffer_.empty() && !receive();
}

}  // namespace test
