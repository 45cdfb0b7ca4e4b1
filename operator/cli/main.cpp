// kubectl scalableapp: what an application is made of, how it does, and what a change would do to
// it.
#include <CLI/CLI.hpp>
#include <string>

#include "base/log.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/verbs.h"

namespace {

constexpr const char* kAbout =
    "Looks at ScalableApps: how they do and why, and what a change would do to them.";

constexpr const char* kMore =
    "Examples:\n"
    "  kubectl scalableapp status shop            how is it, and what is the root cause\n"
    "  kubectl scalableapp status shop -w         the same, kept up to date\n"
    "  kubectl scalableapp plan -f shop.yaml      the objects it becomes; needs no cluster\n"
    "  kubectl scalableapp plan -f shop.yaml --diff   what would change, and what that restarts\n"
    "  kubectl scalableapp zone drain shop z2     its pods and traffic go to the other zones\n"
    "  kubectl scalableapp purge shop             no edge gives out what it kept before\n"
    "  kubectl scalableapp export cdn -f shop.yaml --host shop.example   for a commercial CDN\n"
    "  kubectl scalableapp tree shop              every object of it, under what made it\n"
    "  kubectl scalableapp chaos run -f pod-kill.yaml   break it on purpose, and judge\n"
    "  kubectl scalableapp check --pre            whether this cluster has what an installation "
    "needs\n"
    "\n"
    "Exit codes: 0 done, 1 the cluster or the input said no, 2 wrong usage or unreadable file.";

void addGlobals(CLI::App& app, cli::Globals& globals) {
    app.add_option("-n,--namespace", globals.namespace_,
                   "namespace; default: the kubeconfig context's")
        ->type_name("NAME");
    app.add_option("--context", globals.context, "kubeconfig context")->type_name("NAME");
    app.add_option("--kubeconfig", globals.kubeconfig, "kubeconfig file")->type_name("FILE");
}

void declare(CLI::App& app, cli::CommandLine& line) {
    app.footer(kMore);
    app.set_version_flag("--version", std::string(cli::kProgram) + " " + base::version());
    app.require_subcommand(1);
    app.fallthrough();
    addGlobals(app, line.globals);

    cli::declareVerbs(app, line);
}

}  // namespace

int main(int argc, char** argv) {
    cli::CommandLine line;
    CLI::App app(kAbout, "kubectl scalableapp");
    try {
        declare(app, line);
        app.parse(argc, argv);
    } catch (const CLI::Success& wanted) {
        return app.exit(wanted);
    } catch (const CLI::ParseError& error) {
        return cli::complain(std::string(error.what()) + " (see --help)");
    }
    base::startLogging({.format = base::LogFormat::Text, .level = base::LogLevel::Error});
    try {
        return line.action();
    } catch (const std::exception& error) {
        return cli::complain(error.what(), cli::kFailed);
    }
}
