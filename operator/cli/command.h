// What every command of the plugin shares: where the cluster is, how to print, how to end.
//
//   cli::Globals globals;                       // filled from -n, --context, --kubeconfig, -o
//   auto session = cli::connect(globals);       // Result<Session>: client and namespace
//   return cli::complain("...");                // one line on stderr, exit code 2
//
// Exit codes: 0 done, 1 the cluster or the input said no, 2 wrong usage or unreadable file.
#pragma once

#include <memory>
#include <string>

#include "base/json_fwd.h"
#include "base/result.h"
#include "kube/client.h"

namespace cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr const char* kProgram = "kubectl-scalableapp";

struct Globals {
    std::string namespace_;
    std::string context;
    std::string kubeconfig;
    std::string output = "text";  // text | json | yaml
};

struct Session {
    std::unique_ptr<kube::Client> client;
    std::string namespace_;
};

// Error: which file or setting is wrong. Nothing is sent yet.
base::Result<Session> connect(const Globals& globals);

// One line on stderr; answers the code.
int complain(const std::string& message, int code = kUsage);

// `value` as JSON or YAML, by `output`.
std::string render(const base::Json& value, const std::string& output);

}  // namespace cli
