#include "apiserver/conformance/suite.h"

#include <chrono>
#include <thread>
#include <utility>

namespace conformance {

using base::Json;

const Kind kMaps{"/api/v1", "configmaps", "v1", "ConfigMap"};
const Kind kDeployments{"/apis/apps/v1", "deployments", "apps/v1", "Deployment"};
const Kind kServices{"/api/v1", "services", "v1", "Service"};
const Kind kLeases{"/apis/coordination.k8s.io/v1", "leases", "coordination.k8s.io/v1", "Lease"};
const Kind kEvents{"/apis/events.k8s.io/v1", "events", "events.k8s.io/v1", "Event"};
const Kind kPods{"/api/v1", "pods", "v1", "Pod"};

std::string Answer::text(const char* pointer) const {
    return base::stringAt(body, pointer).value_or("");
}

int64_t Answer::generation() const {
    return base::intAt(body, "/metadata/generation").value_or(0);
}

std::string Subject::path(const Kind& kind, const std::string& name,
                          const std::string& query) const {
    return kind.prefix + "/namespaces/" + namespace_ + "/" + kind.plural +
           (name.empty() ? "" : "/" + name) + (query.empty() ? "" : "?" + query);
}

Answer Subject::send(const std::string& method, const std::string& path, const Json& body,
                     const std::string& contentType) {
    kube::HttpRequest request{.method = method, .target = path};
    if (!body.is_null()) {
        request.body = body.dump();
        request.contentType = contentType;
    }
    auto answer = transport_->send(request, {});
    if (!answer) {
        ADD_FAILURE() << method << " " << path << ": " << answer.error().str();
        return {};
    }
    auto json = base::parseJson(answer->body);
    return {answer->status, json ? *json : Json(), answer->retryAfter};
}

Answer Subject::get(const Kind& kind, const std::string& name) {
    return send("GET", path(kind, name));
}

Answer Subject::list(const Kind& kind, const std::string& query) {
    return send("GET", path(kind, "", query));
}

Answer Subject::create(const Kind& kind, const Json& object) {
    return send("POST", path(kind, "", "fieldManager=user"), object);
}

Answer Subject::update(const Kind& kind, const Json& object, const std::string& manager) {
    return send(
        "PUT", path(kind, object["metadata"]["name"].get<std::string>(), "fieldManager=" + manager),
        object);
}

Answer Subject::merge(const Kind& kind, const std::string& name, const Json& patch,
                      const std::string& manager) {
    return send("PATCH", path(kind, name, "fieldManager=" + manager), patch,
                "application/merge-patch+json");
}

Answer Subject::apply(const Kind& kind, const Json& object, const std::string& manager, bool force,
                      const std::string& subresource) {
    auto name = object["metadata"]["name"].get<std::string>();
    return send("PATCH",
                path(kind, name + (subresource.empty() ? "" : "/" + subresource),
                     "fieldManager=" + manager + (force ? "&force=true" : "")),
                object, "application/apply-patch+yaml");
}

Answer Subject::remove(const Kind& kind, const std::string& name, const Json& options) {
    Json body{{"kind", "DeleteOptions"}, {"apiVersion", "v1"}, {"propagationPolicy", "Background"}};
    if (!options.is_null()) {
        body.update(options);
    }
    return send("DELETE", path(kind, name), body);
}

std::vector<Json> Subject::watch(const Kind& kind, const std::string& query, size_t count) {
    std::vector<Json> events;
    std::stop_source stop;
    kube::HttpRequest request{
        .method = "GET",
        .target = path(kind, "",
                       "watch=true&timeoutSeconds=" + std::to_string(patienceSeconds) +
                           (query.empty() ? "" : "&" + query))};
    auto onLine = [&](std::string_view line) {
        auto event = base::parseJson(line);
        ASSERT_TRUE(event) << line;
        bool plain = base::stringAt(*event, "/type") == "BOOKMARK" &&
                     base::at(*event, "/object/metadata/annotations") == nullptr;
        if (!plain && !stop.stop_requested()) {
            events.push_back(*event);
        }
        if (events.size() == count) {
            stop.request_stop();
        }
    };
    auto ended = transport_->stream(request, onLine, stop.get_token());
    EXPECT_TRUE(ended || stop.stop_requested()) << ended.error().str();
    return events;
}

int Subject::watchStatus(const Kind& kind, const std::string& query) {
    kube::HttpRequest request{.method = "GET",
                              .target = path(kind, "", "watch=true&timeoutSeconds=1&" + query)};
    auto ended = transport_->stream(request, [](std::string_view) {}, {});
    return ended ? 200 : ended.error().httpStatus;
}

Json Subject::object(const Kind& kind, const std::string& name, const Json& more) const {
    Json out{{"apiVersion", kind.apiVersion},
             {"kind", kind.kind},
             {"metadata", {{"name", name}, {"namespace", namespace_}}}};
    out.merge_patch(more);
    return out;
}

Json Subject::map(const std::string& name, const std::string& value, const Json& labels) const {
    Json out = object(kMaps, name, {{"data", {{"value", value}}}});
    if (!labels.empty()) {
        out["metadata"]["labels"] = labels;
    }
    return out;
}

Json Subject::deployment(const std::string& name) const {
    return object(kDeployments, name,
                  {{"spec",
                    {{"selector", {{"matchLabels", {{"app", name}}}}},
                     {"template",
                      {{"metadata", {{"labels", {{"app", name}}}}},
                       {"spec",
                        {{"containers",
                          Json::array({{{"name", "web"},
                                        {"image", "web:1"},
                                        {"ports", Json::array({{{"name", "http"},
                                                                {"containerPort", 8080},
                                                                {"protocol", "TCP"}}})}}})}}}}}}}});
}

Json Subject::service(const std::string& name) const {
    return object(kServices, name,
                  {{"spec", {{"ports", Json::array({{{"port", 80}, {"protocol", "TCP"}}})}}}});
}

Json Subject::pod(const std::string& name, const Json& resources) const {
    Json container{{"name", "main"}, {"image", "none:1"}, {"resources", resources}};
    container["securityContext"] = {{"allowPrivilegeEscalation", false},
                                    {"capabilities", {{"drop", Json::array({"ALL"})}}}};
    return object(kPods, name,
                  {{"spec",
                    {{"nodeSelector", {{"example.dev/conformance", "nowhere"}}},
                     {"automountServiceAccountToken", false},
                     {"securityContext",
                      {{"runAsNonRoot", true}, {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
                     {"containers", Json::array({container})}}}});
}

std::string Subject::version(const Kind& kind) {
    return list(kind, "limit=1").version();
}

bool Subject::eventually(const std::function<bool()>& check) {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!check()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

nlohmann::json sorted(const Json& value) {
    return nlohmann::json::parse(value.dump());
}

std::string brief(const Json& event) {
    return base::stringAt(event, "/type").value_or("") + " " +
           base::stringAt(event, "/object/metadata/name").value_or("");
}

std::vector<std::string> briefs(const std::vector<Json>& events) {
    std::vector<std::string> out;
    for (const auto& event : events) {
        out.push_back(brief(event));
    }
    return out;
}

std::vector<std::string> names(const Answer& list) {
    std::vector<std::string> out;
    for (const auto& item : base::arrayAt(list.body, "/items")) {
        out.push_back(base::stringAt(item, "/metadata/name").value_or(""));
    }
    return out;
}

Json owned(const Json& object, const std::string& manager, const std::string& operation,
           const std::string& subresource) {
    for (const auto& entry : base::arrayAt(object, "/metadata/managedFields")) {
        if (entry.value("manager", "") == manager && entry.value("operation", "") == operation &&
            entry.value("subresource", "") == subresource) {
            return entry["fieldsV1"];
        }
    }
    return {};
}

void PrintTo(const Case& one, std::ostream* out) {
    *out << one.name;
}

std::vector<Case> cases() {
    std::vector<Case> out;
    for (const auto& part :
         {objectCases(), listCases(), watchCases(), applyCases(), deleteCases()}) {
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

}  // namespace conformance
