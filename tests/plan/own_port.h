// Ports of the loopback network for what a test starts, or plays itself.
//
//   OwnPort port;
//   startHaproxy(port);              // or, to take connections itself:
//   listen(port.fd(), 8);
//
#pragma once

#include <netinet/in.h>

#include <string>

namespace plan_test {

// An address of the loopback network.
sockaddr_in loopback(int port, const std::string& address = "127.0.0.1");
// Where a socket is bound to.
int portOf(int fd);

// A port that nobody listens on: taken and given back.
int freePort();

// A port of loopback that is given to nobody else while this lives. HAProxy and nginx may listen on
// it all the same; two HAProxys that were given one port would share its visitors without a word.
class OwnPort {
  public:
    OwnPort();
    ~OwnPort();
    OwnPort(const OwnPort&) = delete;
    OwnPort& operator=(const OwnPort&) = delete;

    operator int() const { return number_; }
    // A socket that is bound to it, and listens once it is asked to.
    int fd() const { return fd_; }

  private:
    int fd_ = -1;
    int number_ = 0;
};

}  // namespace plan_test
