// Single objects and lists.
#include <algorithm>

#include "apiserver/schema.h"
#include "apiserver/server.h"
#include "apiserver/target.h"

namespace test {
namespace {

using base::Json;
using kube::HttpResponse;

HttpResponse tooLarge(const std::string& wanted, uint64_t current) {
    auto response =
        refusal(504, "Timeout",
                "Too large resource version: " + wanted + ", current: " + std::to_string(current),
                {{"", "Too large resource version", "ResourceVersionTooLarge"}});
    response.retryAfter = "1";
    return response;
}

// "<version>/<namespace>/<name of the last one>"
struct Continue {
    uint64_t version;
    kube::ObjectKey after;

    static std::optional<Continue> parse(const std::string& text) {
        auto parts = split(text, '/');
        if (parts.size() != 3 || !isVersion(parts[0])) {
            return std::nullopt;
        }
        return Continue{std::stoull(parts[0]), {parts[1], parts[2]}};
    }
    std::string str() const {
        return std::to_string(version) + "/" + after.namespace_ + "/" + after.name;
    }
};

std::optional<HttpResponse> refuseList(const Target& target) {
    auto version = target.option("resourceVersion");
    auto match = target.option("resourceVersionMatch");
    auto forbidden = [](const std::string& field, const std::string& message) {
        return refusal(422, "Invalid",
                       "ListOptions.meta.k8s.io \"\" is invalid: " + field + ": " + message,
                       {{field, message, "FieldValueForbidden"}});
    };
    if (!version.empty() && !isVersion(version)) {
        return refusal(400, "BadRequest", "Invalid value: \"" + version + "\"");
    }
    if (!match.empty() && version.empty()) {
        return forbidden("resourceVersionMatch",
                         "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is "
                         "provided");
    }
    if (match == "Exact" && version == "0") {
        return forbidden("resourceVersionMatch",
                         "Forbidden: resourceVersionMatch \"exact\" is forbidden for "
                         "resourceVersion \"0\"");
    }
    if (!target.option("continue").empty() && !version.empty() && version != "0") {
        return refusal(400, "BadRequest",
                       "specifying resource version is not allowed when using continue");
    }
    if (target.option("sendInitialEvents") == "true") {
        return forbidden("sendInitialEvents", "Forbidden: sendInitialEvents is forbidden for list");
    }
    return std::nullopt;
}

// Items of a built-in kind carry neither kind nor version, those of a definition do.
Json itemOf(const Target& target, const Json& object) {
    Json out = object;
    if (!isCustom(target.apiVersion)) {
        out.erase("apiVersion");
        out.erase("kind");
    }
    return out;
}

}  // namespace

uint64_t ApiServer::viewed(const Target& target) const {
    bool meant =
        frozen_ &&
        (frozenParts_.empty() ||
         std::any_of(frozenParts_.begin(), frozenParts_.end(), [&](const std::string& part) {
             return target.collection.find(part) != std::string::npos;
         }));
    return meant ? std::min(*frozen_, storage_.version()) : storage_.version();
}

HttpResponse ApiServer::get(const Target& target) const {
    auto object = storage_.get(target.collection, target.key);
    return object == nullptr ? notFound(target) : okResponse(*object);
}

HttpResponse ApiServer::list(const Target& target) const {
    if (auto refused = refuseList(target)) {
        return *refused;
    }
    auto wanted = target.option("resourceVersion");
    uint64_t version = viewed(target);
    if (!wanted.empty() && std::stoull(wanted) > version) {
        return tooLarge(wanted, version);
    }
    if (target.option("resourceVersionMatch") == "Exact") {
        version = std::stoull(wanted);
        if (version < storage_.compacted()) {
            return refusal(410, "Expired", "The resourceVersion for the provided list is too old.");
        }
    }
    std::optional<Continue> token;
    if (auto text = target.option("continue"); !text.empty()) {
        token = Continue::parse(text);
        if (!token) {
            return refusal(400, "BadRequest", "continue key is not valid");
        }
        if (token->version < storage_.compacted()) {
            auto body = Json::parse(
                refusal(410, "Expired",
                        "The provided continue parameter is too old to display a consistent list "
                        "result.")
                    .body);
            // Whoever accepts a list that is not of one moment goes on from here.
            body["metadata"]["continue"] = Continue{version, token->after}.str();
            return okResponse(body, 410);
        }
        version = is(Defect::SkipsOverPages) ? version : token->version;
    }
    auto text = target.option("limit");
    size_t limit = isVersion(text) ? std::stoull(text) : 0;
    Json items = Json::array();
    Json metadata{{"resourceVersion", std::to_string(version)}};
    kube::ObjectKey last;
    size_t left = 0;
    Objects older;
    if (version != storage_.version()) {
        older = storage_.at(target.collection, version);
    }
    const auto& objects = version == storage_.version() ? storage_.all(target.collection) : older;
    for (const auto& [key, object] : objects) {
        if ((token && key <= token->after) || !target.selects(*object)) {
            continue;
        }
        if (limit > 0 && items.size() == limit) {
            ++left;
            continue;
        }
        last = key;
        items.push_back(itemOf(target, *object));
    }
    if (left > 0) {
        metadata["continue"] = Continue{version, last}.str();
        if (target.option("labelSelector").empty() && target.option("fieldSelector").empty()) {
            metadata["remainingItemCount"] = left;
        }
    }
    auto kind = kindAt(target);
    return okResponse({{"kind", kind + "List"},
                       {"apiVersion", target.apiVersion},
                       {"metadata", metadata},
                       {"items", std::move(items)}});
}

}  // namespace test
