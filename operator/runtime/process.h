// The command line of a controller process: the flags every one of them has, wrong usage told in
// one line, logging, credentials, and the manager that runs its parts.
//
//   int main(int argc, char** argv) {
//       return runtime::runProcess(
//           argc, argv, {.name = "my-operator", .reportingController = "example.dev/operator"},
//           [](CLI::App&) {},    // further flags
//           [](runtime::Manager& manager, const runtime::ProcessOptions& options) {
//               return std::make_shared<MyParts>(manager, options.namespaces);
//           });
//   }
//
// Exit codes: 0 stopped by a signal, 1 failed or lost the lease, 2 wrong usage or unreadable input.
// Thread safety: called once, from main, before any other thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace runtime {

class Manager;

struct ProcessInfo {
    std::string name;                         // also the Lease's
    std::string about{};                      // --help begins with it
    std::string more{};                       // and ends with it
    std::string reportingController{};        // of its events; empty: the name
    std::string worked{"objects worked on"};  // what --workers counts: "ScalableApps reconciled"
};

struct ProcessOptions {
    std::vector<std::string> namespaces;  // empty: all
    int workers = 4;
};

// What `compose` returns lives until the manager has stopped.
using Compose =
    std::function<std::shared_ptr<void>(Manager& manager, const ProcessOptions& options)>;

// Returns for --help and wrong usage only: what has run ends the process, with exit code 0 or 1.
int runProcess(int argc, char** argv, const ProcessInfo& info,
               const std::function<void(CLI::App&)>& declareMore, const Compose& compose);

}  // namespace runtime
