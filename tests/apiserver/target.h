// What a request to the in-process API server addresses, and the pieces its answers are made of.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "kube/resource.h"
#include "kube/transport.h"

namespace test {

struct Target {
    std::string collection;  // "group/version/plural"
    std::string apiVersion;
    std::string plural;
    kube::ObjectKey key;
    std::string subresource;
    std::map<std::string, std::string> query;
    bool valid = false;

    // `target` as in kube::HttpRequest: path and query, percent-encoded.
    explicit Target(const std::string& target);
    // A query parameter; empty when absent.
    std::string option(const std::string& name) const;
    // Namespace, label and field selector.
    bool selects(const base::Json& object) const;
    // "deployments.apps", as messages name it.
    std::string resource() const;
};

std::vector<std::string> split(const std::string& text, char by);
// Only digits, and not too many of them.
bool isVersion(const std::string& text);
kube::ObjectKey keyOf(const base::Json& object);
std::string collectionOf(const kube::ResourceType& type);

kube::HttpResponse okResponse(const base::Json& body, int status = 200);
kube::HttpResponse refusal(int status, const std::string& reason, const std::string& message);
struct Cause {
    std::string field;
    std::string message;
    std::string reason;
};
kube::HttpResponse refusal(int status, const std::string& reason, const std::string& message,
                           const std::vector<Cause>& causes);
kube::HttpResponse notFound(const Target& target);

}  // namespace test
