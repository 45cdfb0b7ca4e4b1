// Certificates made on the spot, for tests of TLS: no key is ever stored.
//
//   support::Authority authority("cluster-ca");
//   auto server = authority.issue({.commonName = "api", .addresses = {"127.0.0.1"}});
//   auto person = authority.issue({.commonName = "alice"});
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace support {

struct Identity {
    std::string certificate;  // PEM
    std::string key;          // PEM
};

struct Subject {
    std::string commonName{};
    std::vector<std::string> names{};      // DNS
    std::vector<std::string> addresses{};  // IP
};

class Authority {
  public:
    explicit Authority(const std::string& commonName);
    ~Authority();
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;

    const std::string& pem() const;
    Identity issue(const Subject& subject) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace support
