// The shop's binary as a child process, and a bare HTTP client for it: loopback only.
//
//   test::ShopProcess shop({"--workers", "1"});
//   test::HttpConnection connection(shop.port());
//   connection.get("/healthz");
//   EXPECT_EQ(connection.answer().status, 200);
//   EXPECT_EQ(shop.stop(), 0);
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace test {

struct ProcessEnd {
    int exitCode = -1;
    std::string out;
    std::string err;
};

// Runs the shop to its end: for flags that end at once.
ProcessEnd runShop(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment = {});

class ShopProcess {
  public:
    // Starts on any free port and waits until it listens.
    explicit ShopProcess(const std::vector<std::string>& arguments = {});
    ShopProcess(const ShopProcess&) = delete;
    ShopProcess& operator=(const ShopProcess&) = delete;
    ~ShopProcess();

    uint16_t port() const { return port_; }
    // CPU time of all its threads so far.
    std::chrono::milliseconds cpuTime() const;
    void terminate() const;
    // Waits for its end; the exit code.
    int wait();
    int stop();

  private:
    pid_t pid_ = -1;
    int out_ = -1;
    uint16_t port_ = 0;
};

struct HttpAnswer {
    int status = 0;  // 0: the connection ended without an answer
    std::string head;
    std::string body;
};

class HttpConnection {
  public:
    explicit HttpConnection(uint16_t port);
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;
    ~HttpConnection();

    bool connected() const { return connected_; }
    void send(const std::string& text) const;
    void get(const std::string& target) const;
    // Whether bytes of an answer wait to be read.
    bool answered() const;
    // Blocks until the next answer is complete.
    HttpAnswer answer(bool withBody = true);
    // Whether the server has ended the connection (blocks until it sends or ends).
    bool ended();

  private:
    bool receive();

    int socket_ = -1;
    bool connected_ = false;
    std::string buffer_;
};

}  // namespace test
