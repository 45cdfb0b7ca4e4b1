// The parts of the API server's URL, and the proxy on the way to it.
//
//   hostOf("https://[::1]:6443/prefix")                        // "::1"
//   proxyFor(config, originalEnvironment())                    // "http://proxy:3128" or ""
//
// Thread safety: pure functions.
#pragma once

#include <map>
#include <string>

#include "kube/config.h"

namespace kube {

// Without the brackets of an IPv6 address.
std::string hostOf(const std::string& url);
// Explicit or the scheme's own.
int portOf(const std::string& url);
// "host:port" as the URL has it, without a user: what a Host header says.
std::string authorityOf(const std::string& url);
// "/prefix" or "".
std::string pathOf(const std::string& url);
// "user:password", decoded, or "".
std::string userOf(const std::string& url);

// A proxy is spoken to in plain HTTP; https:// and socks5:// proxies are not.
bool supportedProxy(const std::string& url);

// proxy-url of the kubeconfig, else HTTPS_PROXY (or HTTP_PROXY for a plain server) unless NO_PROXY
// names the server: "*", a host, a domain (".x" or "x" with all below it), host:port, an address or
// a network in CIDR form. Loopback is never proxied by the environment. "": straight.
std::string proxyFor(const ClusterConfig& config,
                     const std::map<std::string, std::string>& environment);

}  // namespace kube
