#include "apiserver/target.h"

#include <functional>
#include <optional>
#include <sstream>

namespace test {

using base::Json;
using kube::HttpResponse;

std::vector<std::string> split(const std::string& text, char by) {
    std::vector<std::string> parts;
    std::stringstream in(text);
    for (std::string part; std::getline(in, part, by);) {
        parts.push_back(part);
    }
    return parts;
}

namespace {

std::string decode(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

std::string trim(const std::string& text) {
    auto begin = text.find_first_not_of(' ');
    auto end = text.find_last_not_of(' ');
    return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

// Commas separate requirements, but not inside "in (a,b)".
std::vector<std::string> requirements(const std::string& selector) {
    std::vector<std::string> out;
    std::string current;
    int depth = 0;
    for (char c : selector) {
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (c == ',' && depth == 0) {
            out.push_back(trim(current));
            current.clear();
        } else {
            current += c;
        }
    }
    if (!trim(current).empty()) {
        out.push_back(trim(current));
    }
    return out;
}

using LookUp = std::function<std::optional<std::string>(const std::string&)>;

bool meets(const std::string& requirement, const LookUp& value) {
    auto found = [&](const std::string& name) { return value(trim(name)); };
    if (auto open = requirement.find('('); open != std::string::npos) {
        bool negated = requirement.find(" notin ") != std::string::npos;
        auto name = requirement.substr(0, requirement.find(' '));
        auto have = found(name);
        for (const auto& item :
             split(requirement.substr(open + 1, requirement.size() - open - 2), ',')) {
            if (have == trim(item)) {
                return !negated;
            }
        }
        return negated;
    }
    if (auto at = requirement.find("!="); at != std::string::npos) {
        return found(requirement.substr(0, at)) != trim(requirement.substr(at + 2));
    }
    if (auto at = requirement.find('='); at != std::string::npos) {
        auto skip = requirement.compare(at, 2, "==") == 0 ? 2U : 1U;
        return found(requirement.substr(0, at)) == trim(requirement.substr(at + skip));
    }
    if (requirement.starts_with("!")) {
        return !found(requirement.substr(1));
    }
    return found(requirement).has_value();
}

bool matches(const Json& object, const std::string& labels, const std::string& fields) {
    const Json* have = base::at(object, "/metadata/labels");
    LookUp label = [&](const std::string& name) -> std::optional<std::string> {
        if (have == nullptr || !have->contains(name)) {
            return std::nullopt;
        }
        return (*have)[name].get<std::string>();
    };
    LookUp field = [&](const std::string& path) {
        std::string pointer;
        for (const auto& part : split(path, '.')) {
            pointer += "/" + part;
        }
        return std::optional(base::stringAt(object, pointer).value_or(""));
    };
    for (const auto& requirement : requirements(labels)) {
        if (!meets(requirement, label)) {
            return false;
        }
    }
    for (const auto& requirement : requirements(fields)) {
        if (!meets(requirement, field)) {
            return false;
        }
    }
    return true;
}

}  // namespace

Target::Target(const std::string& target) {
    auto question = target.find('?');
    if (question != std::string::npos) {
        for (const auto& pair : split(target.substr(question + 1), '&')) {
            auto equals = pair.find('=');
            query[decode(pair.substr(0, equals))] =
                equals == std::string::npos ? "" : decode(pair.substr(equals + 1));
        }
    }
    auto parts =
        split(target.substr(1, question == std::string::npos ? question : question - 1), '/');
    size_t at = parts.empty() ? 0 : parts[0] == "api" ? 1 : parts[0] == "apis" ? 2 : 0;
    if (at == 0 || parts.size() < at + 2) {
        return;
    }
    apiVersion = at == 1 ? parts[1] : parts[1] + "/" + parts[2];
    ++at;
    // "/namespaces/shop/pods" is in a namespace, "/namespaces/shop" is one.
    if (parts[at] == "namespaces" && parts.size() >= at + 3 && parts[at + 2] != "status") {
        key.namespace_ = parts[at + 1];
        at += 2;
    }
    plural = parts[at];
    key.name = parts.size() > at + 1 ? decode(parts[at + 1]) : "";
    subresource = parts.size() > at + 2 ? parts[at + 2] : "";
    collection = apiVersion + "/" + plural;
    valid = true;
}

std::string Target::option(const std::string& name) const {
    auto it = query.find(name);
    return it == query.end() ? "" : it->second;
}

bool Target::selects(const Json& object) const {
    return (key.namespace_.empty() || keyOf(object).namespace_ == key.namespace_) &&
           matches(object, option("labelSelector"), option("fieldSelector"));
}

std::string Target::resource() const {
    auto slash = apiVersion.find('/');
    return slash == std::string::npos ? plural : plural + "." + apiVersion.substr(0, slash);
}

bool isVersion(const std::string& text) {
    return !text.empty() && text.size() < 19 &&
           text.find_first_not_of("0123456789") == std::string::npos;
}

kube::ObjectKey keyOf(const Json& object) {
    return {base::stringAt(object, "/metadata/namespace").value_or(""),
            base::stringAt(object, "/metadata/name").value_or("")};
}

std::string collectionOf(const kube::ResourceType& type) {
    return type.apiVersion() + "/" + type.plural;
}

HttpResponse okResponse(const Json& body, int status) {
    return {.status = status, .body = body.dump(), .retryAfter = "", .warnings = {}};
}

HttpResponse refusal(int status, const std::string& reason, const std::string& message) {
    return refusal(status, reason, message, {});
}

HttpResponse refusal(int status, const std::string& reason, const std::string& message,
                     const std::vector<Cause>& causes) {
    Json body{{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", Json::object()},
              {"status", "Failure"}, {"message", message}, {"reason", reason},
              {"code", status}};
    for (const auto& cause : causes) {
        body["details"]["causes"].push_back(
            {{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
    }
    return okResponse(body, status);
}

HttpResponse notFound(const Target& target) {
    return refusal(404, "NotFound", target.resource() + " \"" + target.key.name + "\" not found");
}

}  // namespace test
