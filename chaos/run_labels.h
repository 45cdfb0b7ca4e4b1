// The labels of a ChaosRun: what it was made from, and its application until it is over.
//
//   metadata["labels"] = runLabels(kExperimentLabel, name, app);
//
// Thread safety: pure.
#pragma once

#include <algorithm>
#include <string>

#include "api/labels.h"
#include "base/json.h"

namespace chaos {

inline base::Json runLabels(const char* maker, const std::string& name, const std::string& app) {
    base::Json labels{{maker, name}};
    auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    // What no application can be called no label can be either: the run says that it is not found.
    bool possible = !app.empty() && plain(app.front()) && plain(app.back()) &&
                    std::all_of(app.begin(), app.end(),
                                [&](char c) { return plain(c) || c == '-' || c == '.'; });
    if (possible) {
        labels[api::kChaosLabel] = app;
    }
    return labels;
}

}  // namespace chaos
