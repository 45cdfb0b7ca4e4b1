// A file's content, for tests that compare files.
//
//   auto crd = support::contentOf(fs::path(CRDS) / "scalableapps.yaml");
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace support {

// "" when it cannot be read.
inline std::string contentOf(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace support
