// ScalableApps from files, with errors that a person can act on: file, line, field, remedy.
//
//   auto found = cli::readManifests({"shop.yaml", "-"}, "shop-ns");
//   if (found.unreadable) { return complain(*found.unreadable); }        // exit code 2
//   for (const auto& error : found.errors) { ... }                       // "shop.yaml:7:
//   spec.web..." for (const auto& app : found.apps) { ... }
//
// Thread safety: from one thread (reads standard input). Blocking: reads files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/scalable_app.h"
#include "base/json.h"

namespace cli {

struct Manifest {
    std::string origin;  // "shop.yaml:3"
    base::Json object;
    api::ScalableApp app;
};

struct Manifests {
    std::vector<Manifest> apps;
    std::vector<std::string> skipped;  // documents of other kinds
    std::vector<std::string> errors;   // one line each
    std::optional<std::string> unreadable;
};

// `namespace_` is given to apps that name none; it may be empty.
Manifests readManifests(const std::vector<std::string>& files, const std::string& namespace_);

// The same from text. `name` is the file's, for the errors.
void addManifests(Manifests& manifests, const std::string& name, const std::string& text,
                  const std::string& namespace_);

}  // namespace cli
