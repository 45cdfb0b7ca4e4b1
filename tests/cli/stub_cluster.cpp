#include "cli/stub_cluster.h"

#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <regex>

namespace cli_test {
namespace {

bool isList(const std::string& path) {
    static const std::regex kList("(/api/v1|/apis/[^/]+/[^/]+)(/namespaces/[^/]+)?/[a-z]+");
    return std::regex_match(path, kList);
}

base::Json emptyList() {
    return {{"metadata", {{"resourceVersion", "1"}}}, {"items", base::Json::array()}};
}

}  // namespace

StubCluster::StubCluster()
    : server_([this](const support::StubRequest& request, support::StubReply& reply) {
          auto found = next(request.target.substr(0, request.target.find('?')));
          reply.send(found.status, base::dumpJson(found.body));
      }) {
    char name[] = "/tmp/scalableapp-stub-XXXXXX";
    close(mkstemp(name));
    kubeconfig_ = name;
    std::ofstream(kubeconfig_)
        << "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
           "contexts: [{name: c, context: {cluster: c, user: u, namespace: ns}}]\n"
           "users: [{name: u, user: {}}]\n"
           "clusters: [{name: c, cluster: {server: '"
        << server_.url() << "'}}]\n";
}

StubCluster::~StubCluster() {
    unlink(kubeconfig_.c_str());
}

void StubCluster::answer(const std::string& path, std::vector<StubAnswer> answers) {
    const std::lock_guard lock(mutex_);
    answers_[path] = std::move(answers);
}

StubAnswer StubCluster::next(const std::string& path) {
    const std::lock_guard lock(mutex_);
    auto found = answers_.find(path);
    if (found == answers_.end()) {
        return isList(path) ? StubAnswer{200, emptyList()} : StubAnswer{.status = 404};
    }
    auto& all = found->second;
    auto out = all.front();
    if (all.size() > 1) {
        all.erase(all.begin());
    }
    return out;
}

e2e::RunResult StubCluster::run(std::vector<std::string> args, const std::string& input) const {
    args.insert(args.begin(), KUBECTL_SCALABLEAPP);
    args.insert(args.end(), {"--kubeconfig", kubeconfig_});
    return e2e::run(args, input);
}

}  // namespace cli_test
