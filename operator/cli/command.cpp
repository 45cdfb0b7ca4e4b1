#include "cli/command.h"

#include <iostream>

#include "base/json.h"
#include "cli/yaml.h"
#include "kube/config.h"

namespace cli {

base::Result<Session> connect(const Globals& globals) {
    auto config =
        kube::loadConfig({.kubeconfigPath = globals.kubeconfig, .context = globals.context});
    if (!config) {
        return base::fail(config.error().message);
    }
    Session session;
    session.namespace_ = globals.namespace_.empty() ? config->defaultNamespace : globals.namespace_;
    kube::ClientOptions options;
    options.fieldManager = kProgram;
    session.client =
        std::make_unique<kube::Client>(kube::makeTransport(*config), std::move(options));
    return session;
}

int complain(const std::string& message, int code) {
    std::cerr << kProgram << ": " << message << '\n';
    return code;
}

std::string render(const base::Json& value, const std::string& output) {
    return output == "json" ? base::dumpJsonPretty(value) + "\n" : toYaml(value);
}

}  // namespace cli
