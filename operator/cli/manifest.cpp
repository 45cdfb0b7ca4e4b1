#include "cli/manifest.h"

#include <iostream>
#include <iterator>

#include "cli/yaml.h"
#include "kube/encoding.h"

namespace cli {
namespace {

struct Text {
    std::string name;
    std::string content;
};

base::Result<Text> read(const std::string& file) {
    if (file == "-") {
        return Text{"standard input", std::string(std::istreambuf_iterator<char>(std::cin), {})};
    }
    auto content = kube::readFile(file);
    if (!content) {
        return base::fail("cannot read " + file + ": " + content.error().message);
    }
    return Text{file, std::move(*content)};
}

std::string kindOf(const base::Json& object) {
    return base::stringAt(object, "/kind").value_or("");
}

bool isApp(const base::Json& object) {
    return kindOf(object) == api::kKind &&
           base::stringAt(object, "/apiVersion").value_or("").starts_with("scalableapp.dev/");
}

// The field that an error of the API layer names: in front, or in quotes where it is not known.
std::string pathOf(const std::string& message) {
    static const std::string kUnknown = "unknown field \"";
    if (message.starts_with(kUnknown)) {
        return message.substr(kUnknown.size(),
                              message.find('"', kUnknown.size()) - kUnknown.size());
    }
    return message.substr(0, message.find(": "));
}

void addOne(Manifests& manifests, const std::string& name, const YamlDocument& document,
            const std::string& namespace_) {
    auto origin = [&](int line) { return name + ":" + std::to_string(line); };
    if (!document.value.is_object()) {
        manifests.errors.push_back(origin(document.line) +
                                   ": not a Kubernetes object: it has to be a map with apiVersion "
                                   "and kind");
        return;
    }
    if (!isApp(document.value)) {
        manifests.skipped.push_back(
            origin(document.line) + ": " +
            (kindOf(document.value).empty() ? "no kind" : kindOf(document.value)));
        return;
    }
    Manifest manifest{.origin = origin(document.line), .object = document.value, .app = {}};
    auto& metadata = manifest.object["metadata"];
    if (!namespace_.empty() && metadata.is_object() && !metadata.contains("namespace")) {
        metadata["namespace"] = namespace_;
    }
    auto app = api::parseScalableApp(manifest.object);
    if (!app) {
        const auto& message = app.error().message;
        manifests.errors.push_back(origin(document.lineOf(pathOf(message))) + ": " + message);
        return;
    }
    manifest.app = *app;
    manifests.apps.push_back(std::move(manifest));
}

}  // namespace

void addManifests(Manifests& manifests, const std::string& name, const std::string& text,
                  const std::string& namespace_) {
    auto documents = parseYaml(text);
    if (!documents) {
        manifests.errors.push_back(name + ": " + documents.error().message);
        return;
    }
    for (const auto& document : *documents) {
        addOne(manifests, name, document, namespace_);
    }
}

Manifests readManifests(const std::vector<std::string>& files, const std::string& namespace_) {
    Manifests manifests;
    for (const auto& file : files) {
        auto text = read(file);
        if (!text) {
            manifests.unreadable = text.error().message;
            return manifests;
        }
        addManifests(manifests, text->name, text->content, namespace_);
    }
    return manifests;
}

}  // namespace cli
