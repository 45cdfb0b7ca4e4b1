#include "component/server.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <thread>

namespace component {

const kube::ResourceType kConfigMaps{"", "v1", "configmaps", "ConfigMap", true};
const kube::ResourceType kDeployments{"apps", "v1", "deployments", "Deployment", true};
const kube::ResourceType kNamespaces{"", "v1", "namespaces", "Namespace", false};

namespace {

std::string kubeconfigPath() {
    const char* command = std::getenv("KUBECTL");
    std::istringstream words(command == nullptr ? "" : command);
    for (std::string word; words >> word;) {
        if (word == "--kubeconfig") {
            words >> word;
            return word;
        }
    }
    return "";
}

}  // namespace

bool eventually(const std::function<bool()>& check) {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!check()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return true;
}

void ServerTest::SetUp() {
    auto config = kube::loadConfig({.kubeconfigPath = kubeconfigPath(), .context = ""});
    ASSERT_TRUE(config) << config.error().message;
    config->transport = transportKind();
    transport_ = kube::makeTransport(*config);
    client_ = makeClient({.fieldManager = "component-test", .mayWrite = {}, .observe = {}});
    static int number = 0;
    std::string name = "component-" + std::to_string(getpid()) + "-" + std::to_string(++number);
    base::Json object = {
        {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}};
    auto made = client().create(kNamespaces, object, stop());
    ASSERT_TRUE(made) << made.error().str();
    namespace_ = name;
    namespaceUid_ = (*made)->meta().uid;
}

void ServerTest::TearDown() {
    if (!namespace_.empty()) {
        auto gone = client().remove(kNamespaces, {"", namespace_}, namespaceUid_, stop());
        EXPECT_TRUE(gone) << gone.error().str();
    }
}

std::unique_ptr<kube::Client> ServerTest::makeClient(kube::ClientOptions options) const {
    return std::make_unique<kube::Client>(transport_, std::move(options));
}

base::Json ServerTest::configMap(const std::string& name, const std::string& value) const {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata",
             {{"name", name}, {"namespace", namespace_}, {"labels", {{"suite", "component"}}}}},
            {"data", {{"value", value}}}};
}

}  // namespace component
