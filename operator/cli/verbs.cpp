#include "cli/verbs.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "base/json.h"
#include "base/version.h"
#include "cli/chaos_verbs.h"
#include "cli/check_command.h"
#include "cli/completion.h"
#include "cli/export_command.h"
#include "cli/output_option.h"
#include "cli/pause_command.h"
#include "cli/plan_command.h"
#include "cli/purge_command.h"
#include "cli/status_command.h"
#include "cli/tree_command.h"
#include "cli/zone_command.h"

namespace cli {
namespace {

// A verb with flags of its own, which live as long as the verb's callback.
template <typename Flags>
std::pair<CLI::App*, Flags*> verb(CLI::App& app, CommandLine& line, const char* name,
                                  const char* about, int (*run)(const Globals&, const Flags&)) {
    auto flags = std::make_shared<Flags>();
    auto* command = app.add_subcommand(name, about);
    command->callback([&line, flags, run] {
        line.action = [&line, flags, run] { return run(line.globals, *flags); };
    });
    return {command, flags.get()};
}

void addName(CLI::App& command, std::string& name) {
    command.add_option("name", name, "the ScalableApp")->required()->type_name("NAME");
}

void declareStatus(CLI::App& app, CommandLine& line) {
    auto [command, flags] = verb<StatusFlags>(
        app, line, "status", "one screen: how the application does, and why", statusCommand);
    addName(*command, flags->name);
    command->add_flag("-w,--watch", flags->watch, "keep it up to date until Ctrl-C");
    addOutput(*command, line.globals);
}

void declareTree(CLI::App& app, CommandLine& line) {
    auto [command, flags] = verb<TreeFlags>(
        app, line, "tree", "every object of the application, under what made it", treeCommand);
    addName(*command, flags->name);
    addOutput(*command, line.globals);
}

void declarePlan(CLI::App& app, CommandLine& line) {
    auto [command, flags] =
        verb<PlanFlags>(app, line, "plan", "the objects that a ScalableApp becomes", planCommand);
    command->add_option("-f,--filename", flags->files, "YAML or JSON file; - reads standard input")
        ->required()
        ->type_name("FILE")
        ->take_all();
    command->add_flag("--diff", flags->diff,
                      "compare with the cluster: what changes, what restarts");
    addOutput(*command, line.globals);
}

void declarePause(CLI::App& app, CommandLine& line) {
    auto [pause, pauseFlags] = verb<PauseFlags>(
        app, line, "pause", "the operator looks on and changes nothing of it", pauseCommand);
    addName(*pause, pauseFlags->name);
    addOutput(*pause, line.globals);
    auto [resume, resumeFlags] =
        verb<PauseFlags>(app, line, "resume", "the operator takes care of it again", resumeCommand);
    addName(*resume, resumeFlags->name);
    addOutput(*resume, line.globals);
}

void declareZone(CLI::App& app, CommandLine& line) {
    auto* zone = app.add_subcommand("zone", "takes a zone out of service, or brings it back");
    zone->require_subcommand(1);
    auto declare = [&](const char* name, const char* about,
                       int (*run)(const Globals&, const ZoneFlags&)) {
        auto [command, flags] = verb<ZoneFlags>(*zone, line, name, about, run);
        addName(*command, flags->name);
        command->add_option("zone", flags->zone, "the zone")->required()->type_name("ZONE");
        addOutput(*command, line.globals);
    };
    declare("drain", "moves its pods and its traffic to the other zones", drainCommand);
    declare("undrain", "gives it the weight that it had", undrainCommand);
}

void declarePurge(CLI::App& app, CommandLine& line) {
    auto [command, flags] =
        verb<PurgeFlags>(app, line, "purge", "no edge gives out what it kept before", purgeCommand);
    addName(*command, flags->name);
    command->add_option("--timeout", flags->timeoutSeconds, "seconds to wait for all edges")
        ->check(CLI::Range(1, 3600))
        ->type_name("SECONDS")
        ->capture_default_str();
    addOutput(*command, line.globals);
}

void declareExport(CLI::App& app, CommandLine& line) {
    auto* group = app.add_subcommand("export", "configuration for others to apply; sends nothing");
    group->require_subcommand(1);
    auto declare = [&](const char* name, const char* about,
                       int (*run)(const Globals&, const ExportFlags&)) {
        auto [command, flags] = verb<ExportFlags>(*group, line, name, about, run);
        command->add_option("name", flags->name, "the ScalableApp")->type_name("NAME");
        command->add_option("-f,--filename", flags->file, "YAML or JSON file in place of a cluster")
            ->type_name("FILE");
        command->add_option("--host", flags->host, "the name that visitors ask for")
            ->type_name("HOST");
        command->add_option("--origin", flags->origin, "where the application is found behind it")
            ->type_name("HOST");
        addOutput(*command, line.globals);
        return std::pair{command, flags};
    };
    auto [cdn, cdnFlags] =
        declare("cdn", "what a commercial CDN needs to be an edge of it", exportCdnCommand);
    cdn->add_option("--provider", cdnFlags->provider, "one of cdn.providers")->type_name("NAME");
    auto [dns, dnsFlags] =
        declare("dns", "weighted records for its providers and regions", exportDnsCommand);
    dns->add_option("--target", dnsFlags->target, "address or host name of this cluster")
        ->type_name("HOST");
}

void declareCheck(CLI::App& app, CommandLine& line) {
    auto [command, flags] = verb<CheckFlags>(
        app, line, "check", "whether the cluster and the operator are as they need to be",
        checkCommand);
    command->add_flag("--pre", flags->pre, "only what an installation needs");
    addOutput(*command, line.globals);
}

void declareCompletion(CLI::App& app, CommandLine& line) {
    auto shell = std::make_shared<std::string>();
    auto* command = app.add_subcommand("completion", "a script that completes commands");
    command
        ->add_option(
            "shell", *shell,
            "bash, zsh or fish, for kubectl-scalableapp; kubectl: the program that kubectl "
            "asks after `kubectl scalableapp`")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish", "kubectl"}))
        ->type_name("bash|zsh|fish|kubectl");
    addOutput(*command, line.globals);
    command->callback([&app, &line, shell] {
        line.action = [&app, &line, shell] {
            auto script = completionScript(app, *shell);
            const auto& output = line.globals.output;
            std::cout << (output == "text"
                              ? script
                              : render({{"shell", *shell}, {"script", script}}, output));
            return kOk;
        };
    });
}

void declareVersion(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand("version", "the version of this program");
    addOutput(*command, line.globals);
    command->callback([&line] {
        line.action = [&line] {
            const auto& output = line.globals.output;
            std::cout << (output == "text"
                              ? std::string(kProgram) + " " + base::version() + "\n"
                              : render({{"name", kProgram}, {"version", base::version()}}, output));
            return kOk;
        };
    });
}

}  // namespace

void declareVerbs(CLI::App& app, CommandLine& line) {
    declareStatus(app, line);
    declareTree(app, line);
    declarePlan(app, line);
    declarePause(app, line);
    declareZone(app, line);
    declarePurge(app, line);
    declareExport(app, line);
    declareCheck(app, line);
    declareChaos(app, line);
    declareCompletion(app, line);
    declareVersion(app, line);
}

}  // namespace cli
