// What the shop can be told, by flag or by environment variable (a flag wins).
//
//   shop::CommandLine line = shop::parse(argc, argv);
//   if (line.exitCode) {
//       return *line.exitCode;      // --help, --version, or a mistake that was explained on stderr
//   }
//   serve(line.options);
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace shop {

struct Options {
    uint16_t port = 8080;  // 0: any free one
    std::size_t workers = 4;
    std::chrono::seconds grace{25};
    std::string zone;
    std::string version;
    bool allowTrouble = false;
};

struct CommandLine {
    Options options;
    std::optional<int> exitCode;
};

// Reads the environment; prints to stdout (--help, --version) or one line to stderr (exit code 2).
CommandLine parse(int argc, const char* const* argv);

}  // namespace shop
