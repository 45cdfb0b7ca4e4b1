// One request over plain HTTP, and its whole answer.
//
//   auto answer = support::ask(8080, {.path = "/burn?ms=5", .from = "127.0.0.2"});
//   EXPECT_EQ(answer.status, 200);
//   EXPECT_EQ(support::ask({"10.91.1.5", 8404}, {.path = "/circuit"}).body, "...");
//
// On a connection of its own, in the network namespace of the thread that asks. Blocking: until the
// answer is there, and 20 s without a byte of it at most.
#pragma once

#include <netinet/in.h>

#include <string>
#include <utility>

namespace support {

struct Address {
    Address(int at) : port(at) {}  // NOLINT(google-explicit-constructor): on loopback
    Address(std::string of, int at) : host(std::move(of)), port(at) {}

    std::string host = "127.0.0.1";  // an IPv4 address
    int port;
};

sockaddr_in socketAddress(const Address& address);

struct Ask {
    std::string method = "GET";
    std::string path = "/";
    std::string from = "";     // an address of ours; empty: the system chooses
    std::string headers = "";  // whole lines, each with its end
};

struct Answer {
    int status = 0;  // 0: none came
    std::string head;
    std::string body;

    std::string header(const std::string& name) const;
};

Answer ask(const Address& address, const Ask& what);

}  // namespace support
