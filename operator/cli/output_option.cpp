#include "cli/output_option.h"

#include <CLI/CLI.hpp>

namespace cli {

void addOutput(CLI::App& command, Globals& globals) {
    command.add_option("-o,--output", globals.output, "how to print")
        ->check(CLI::IsMember({"text", "json", "yaml"}))
        ->type_name("text|json|yaml")
        ->capture_default_str();
}

}  // namespace cli
