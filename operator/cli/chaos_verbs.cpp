#include "cli/chaos_verbs.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/chaos_command.h"
#include "cli/output_option.h"

namespace cli {
namespace {

using Flags = std::shared_ptr<ChaosFlags>;

CLI::App* verb(CLI::App& chaos, CommandLine& line, const Flags& flags, const char* name,
               const char* about, int (*run)(const Globals&, const ChaosFlags&)) {
    auto* command = chaos.add_subcommand(name, about);
    command->callback([&line, flags, run] {
        line.action = [&line, flags, run] { return run(line.globals, *flags); };
    });
    return command;
}

void addRun(CLI::App& command, const Flags& flags) {
    command.add_option("name", flags->name, "the ChaosRun")->required()->type_name("RUN");
}

}  // namespace

void declareChaos(CLI::App& app, CommandLine& line) {
    auto flags = std::make_shared<ChaosFlags>();
    auto* chaos = app.add_subcommand("chaos", "break it on purpose, and see whether it holds");
    chaos->require_subcommand(1);
    auto* run = verb(*chaos, line, flags, "run",
                     "run an experiment, again each time, tell what happens, and judge", chaosRun);
    run->add_option("-f,--filename", flags->file, "YAML file with a ChaosExperiment")
        ->required()
        ->type_name("FILE");
    run->add_flag("--no-wait", flags->noWait, "only start it, and print the name of its first run");
    addOutput(*run, line.globals);
    addOutput(*verb(*chaos, line, flags, "list", "the runs, the oldest first", chaosList),
              line.globals);
    auto* watch = verb(*chaos, line, flags, "watch", "tell what happens in a run until it is over",
                       chaosWatch);
    addRun(*watch, flags);
    addOutput(*watch, line.globals);
    auto* report = verb(*chaos, line, flags, "report",
                        "all that is known of a run, or of all runs of an experiment", chaosReport);
    report->add_option("name", flags->name, "the ChaosRun")->type_name("RUN");
    report
        ->add_option("--experiment", flags->experiment,
                     "the runs of a ChaosExperiment as it is now, and what they prove together")
        ->type_name("NAME");
    report->add_option("-o,--output", flags->format, "how to print")
        ->check(CLI::IsMember({"text", "json", "yaml", "html", "junit"}))
        ->type_name("text|json|yaml|html|junit")
        ->capture_default_str();
    auto* accept =
        verb(*chaos, line, flags, "accept",
             "hold later runs of an experiment or schedule against those of now", chaosAccept);
    accept->add_option("name", flags->name, "the ChaosExperiment")->required()->type_name("NAME");
    accept->add_flag("--schedule", flags->schedule, "NAME is a ChaosSchedule");
    addOutput(*accept, line.globals);
    auto* abort =
        verb(*chaos, line, flags, "abort", "take the fault of a run back and end it", chaosAbort);
    abort->add_option("name", flags->name, "the ChaosRun")->type_name("RUN");
    abort->add_flag("--all", flags->all,
                    "every run in every namespace, and whatever faults left behind; schedules and "
                    "experiments are paused, so that nothing begins anew");
    abort->add_option("--reason", flags->why, "why, for the run's record")->type_name("TEXT");
    addOutput(*abort, line.globals);
}

}  // namespace cli
