#include "plan/dns_stub.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace plan_test {
namespace {

constexpr size_t kHead = 12;
constexpr int kSrv = 33;
constexpr int kAddress = 1;

std::string two(size_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

std::string label(const std::string& text) {
    return static_cast<char>(text.size()) + text;
}

std::string nameOfPod(size_t index) {
    return label("pod-" + std::to_string(index)) + label("shop-web") + label("ns") + label("svc") +
           label("cluster") + label("local") + std::string(1, '\0');
}

std::string record(const std::string& name, size_t type, const std::string& data) {
    return name + two(type) + two(1) + two(0) + two(5) + two(data.size()) + data;
}

std::string addressRecord(const std::string& name) {
    return record(name, kAddress, {127, 0, 0, 1});
}

bool readAll(int fd, char* to, size_t size) {
    return recv(fd, to, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

}  // namespace

DnsStub::DnsStub(std::vector<int> pods) : pods_(std::move(pods)) {
    listen(port_.fd(), 8);
    thread_ = std::thread([this] { serve(); });
}

DnsStub::~DnsStub() {
    over_ = true;
    shutdown(port_.fd(), SHUT_RDWR);
    thread_.join();
}

void DnsStub::tell(std::vector<int> pods) {
    std::lock_guard lock(mutex_);
    pods_ = std::move(pods);
}

// As a nameserver does with connections that were idle: each is closed before long.
void DnsStub::serve() {
    while (!over_) {
        int connection = accept(port_.fd(), nullptr, nullptr);
        if (connection < 0) {
            continue;
        }
        const timeval bound{.tv_sec = 1, .tv_usec = 0};
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
        for (int i = 0; i < 3; ++i) {
            answerOn(connection);
        }
        close(connection);
    }
}

void DnsStub::answerOn(int connection) {
    unsigned char size[2];
    if (!readAll(connection, reinterpret_cast<char*>(size), 2)) {
        return;
    }
    std::string query(static_cast<size_t>(size[0] << 8 | size[1]), '\0');
    if (query.size() <= kHead || !readAll(connection, query.data(), query.size())) {
        return;
    }
    std::string answer = answerTo(query);
    if (failure_ == kSilence) {
        return;
    }
    answer = two(answer.size()) + answer;
    send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
}

std::string DnsStub::answerTo(const std::string& query) {
    size_t end = query.find('\0', kHead) + 1;
    std::string question = query.substr(kHead, end + 4 - kHead);
    bool pods = query[end + 1] == kSrv;
    std::lock_guard lock(mutex_);
    std::string answers = pods ? "" : addressRecord("\xc0\x0c");
    std::string more;
    size_t first = static_cast<size_t>(pods ? ++told_ * 17 : 0);
    for (size_t i = 0; pods && i < pods_.size(); ++i) {
        size_t index = (first + i) % pods_.size();
        answers +=
            record("\xc0\x0c", kSrv,
                   two(0) + two(1) + two(static_cast<size_t>(pods_[index])) + nameOfPod(index));
        more += addressRecord(nameOfPod(index));
    }
    if (int code = failure_; code > 0) {
        return query.substr(0, 2) + "\x85" + static_cast<char>(0x80 + code) + two(1) + two(0) +
               two(0) + two(0) + question;
    }
    return query.substr(0, 2) + "\x85\x80" + two(1) + two(pods ? pods_.size() : 1) + two(0) +
           two(pods ? pods_.size() : 0) + question + answers + more;
}

}  // namespace plan_test
