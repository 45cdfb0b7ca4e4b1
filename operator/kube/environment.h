// The process environment as it was before the HTTP library was tuned through it.
//
// cpprestsdk parses the system's bundle of certificate authorities for every connection (about 40
// ms and 1 MB each) and can be told otherwise only by SSL_CERT_FILE. We give the authorities to
// each connection ourselves, so that variable is pointed at nothing, and child processes get the
// old one.
//
//   useOwnTrustOnly();                       // once, before the first connection
//   auto variables = originalEnvironment();  // for a child process
//
// Thread safety: any thread, but useOwnTrustOnly changes the environment: call it while starting.
#pragma once

#include <map>
#include <string>

namespace kube {

void useOwnTrustOnly();
std::map<std::string, std::string> originalEnvironment();
// The bundle that the system trusts: SSL_CERT_FILE as it was, or OpenSSL's own place.
std::string systemTrustFile();

}  // namespace kube
