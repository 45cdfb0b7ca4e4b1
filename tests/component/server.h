// A client of the real API server and a namespace of the test's own, removed at the end.
//
//   class Client : public component::ServerTest {};
//   TEST_F(Client, Gets) { client().get(component::kConfigMaps, key("a"), stop()); }
//
// Where the server is: $KUBECONFIG, or the kubeconfig that the KUBECTL command of tests/run names.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "base/json.h"
#include "kube/client.h"

namespace component {

extern const kube::ResourceType kConfigMaps;
extern const kube::ResourceType kDeployments;
extern const kube::ResourceType kNamespaces;

// Polls until it holds; 30 s at most.
bool eventually(const std::function<bool()>& check);

class ServerTest : public testing::Test {
  protected:
    void SetUp() override;
    void TearDown() override;
    // What the client speaks HTTP with.
    virtual kube::TransportKind transportKind() const { return kube::TransportKind::Cpprest; }

    kube::Client& client() { return *client_; }
    const std::shared_ptr<kube::Transport>& transport() const { return transport_; }
    std::unique_ptr<kube::Client> makeClient(kube::ClientOptions options) const;
    const std::string& ns() const { return namespace_; }
    kube::ObjectKey key(const std::string& name) const { return {namespace_, name}; }
    static std::stop_token stop() { return {}; }
    base::Json configMap(const std::string& name, const std::string& value) const;

  private:
    std::shared_ptr<kube::Transport> transport_;
    std::unique_ptr<kube::Client> client_;
    std::string namespace_;
    std::string namespaceUid_;
};

}  // namespace component
