#include "served.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <utility>

namespace kube_test {
namespace {

[[noreturn]] void serve(const support::HttpStub::Handler& handler, const support::StubTls& tls,
                        int answer) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    support::HttpStub server(handler, tls);
    server.rememberAtMost(0);
    const int port = server.port();
    if (::write(answer, &port, sizeof port) != sizeof port) {
        std::_Exit(2);
    }
    while (true) {
        ::pause();
    }
}

}  // namespace

std::unique_ptr<Served> Served::start(const support::HttpStub::Handler& handler) {
    const support::Authority authority("cluster-ca");
    const support::StubTls tls{authority.issue({.commonName = "api", .addresses = {"127.0.0.1"}}),
                               ""};
    int ends[2];
    if (::pipe(ends) != 0) {
        return nullptr;
    }
    const pid_t process = ::fork();
    if (process == 0) {
        serve(handler, tls, ends[1]);
    }
    ::close(ends[1]);
    int port = 0;
    const bool started = process > 0 && ::read(ends[0], &port, sizeof port) == sizeof port;
    ::close(ends[0]);
    return started ? std::unique_ptr<Served>(new Served(process, port, authority.pem())) : nullptr;
}

Served::Served(pid_t process, int port, std::string authority)
    : process_(process), port_(port), authority_(std::move(authority)) {}

Served::~Served() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
}

kube::ClusterConfig Served::config(kube::TransportKind transport) const {
    kube::ClusterConfig out;
    out.server = "https://127.0.0.1:" + std::to_string(port_);
    out.certificateAuthority.data = authority_;
    out.transport = transport;
    return out;
}

}  // namespace kube_test
