// kubectl scalableapp: what an application is made of, how it does, and what a change would do to
// it.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "base/log.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/plan_command.h"
#include "cli/status_command.h"

namespace {

constexpr const char* kAbout =
    "Looks at ScalableApps: how they do and why, and what a change would do to them.";

constexpr const char* kMore =
    "Examples:\n"
    "  kubectl scalableapp status shop            how is it, and what is the root cause\n"
    "  kubectl scalableapp status shop -w         the same, kept up to date\n"
    "  kubectl scalableapp plan -f shop.yaml      the objects it becomes; needs no cluster\n"
    "  kubectl scalableapp plan -f shop.yaml --diff   what would change, and what that restarts\n"
    "\n"
    "Exit codes: 0 done, 1 the cluster or the input said no, 2 wrong usage or unreadable file.";

struct Line {
    cli::Globals globals;
    cli::PlanFlags plan;
    cli::StatusFlags status;
    std::string shell;
};

void addGlobals(CLI::App& app, cli::Globals& globals) {
    app.add_option("-n,--namespace", globals.namespace_,
                   "namespace; default: the kubeconfig context's")
        ->type_name("NAME");
    app.add_option("--context", globals.context, "kubeconfig context")->type_name("NAME");
    app.add_option("--kubeconfig", globals.kubeconfig, "kubeconfig file")->type_name("FILE");
}

void addOutput(CLI::App& command, cli::Globals& globals) {
    command.add_option("-o,--output", globals.output, "how to print")
        ->check(CLI::IsMember({"text", "json", "yaml"}))
        ->type_name("text|json|yaml")
        ->capture_default_str();
}

void declare(CLI::App& app, Line& line) {
    app.footer(kMore);
    app.set_version_flag("--version", std::string(cli::kProgram) + " " + base::version());
    app.require_subcommand(1);
    app.fallthrough();
    addGlobals(app, line.globals);

    auto* status = app.add_subcommand("status", "one screen: how the application does, and why");
    status->add_option("name", line.status.name, "the ScalableApp")->required()->type_name("NAME");
    status->add_flag("-w,--watch", line.status.watch, "keep it up to date until Ctrl-C");
    addOutput(*status, line.globals);

    auto* plan = app.add_subcommand("plan", "the objects that a ScalableApp becomes");
    plan->add_option("-f,--filename", line.plan.files, "YAML or JSON file; - reads standard input")
        ->required()
        ->type_name("FILE")
        ->take_all();
    plan->add_flag("--diff", line.plan.diff,
                   "compare with the cluster: what changes, what restarts");
    addOutput(*plan, line.globals);

    auto* completion = app.add_subcommand("completion", "a script that completes commands");
    completion->add_option("shell", line.shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}))
        ->type_name("bash|zsh|fish");

    app.add_subcommand("version", "the version of this program");
}

int run(const CLI::App& app, const Line& line) {
    if (app.got_subcommand("status")) {
        return cli::statusCommand(line.globals, line.status);
    }
    if (app.got_subcommand("plan")) {
        return cli::planCommand(line.globals, line.plan);
    }
    if (app.got_subcommand("completion")) {
        std::cout << cli::completionScript(app, line.shell);
        return cli::kOk;
    }
    std::cout << cli::kProgram << " " << base::version() << '\n';
    return cli::kOk;
}

}  // namespace

int main(int argc, char** argv) {
    Line line;
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
        return run(app, line);
    } catch (const std::exception& error) {
        return cli::complain(error.what(), cli::kFailed);
    }
}
