#include "cli/chaos_command.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "chaos/kinds.h"
#include "chaos/report/report.h"
#include "cli/chaos_objects.h"
#include "cli/chaos_run.h"
#include "cli/yaml.h"

namespace cli {
namespace {

using namespace std::chrono_literals;
using chaos::kChaosExperiments;
using chaos::kChaosRuns;

constexpr auto kPeriod = 1s;

base::Result<base::Json> experimentIn(const std::string& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) {
        return base::fail("cannot read " + file);
    }
    auto documents = parseYaml(text.str());
    if (!documents) {
        return base::fail(file + ": " + documents.error().message);
    }
    for (const auto& document : *documents) {
        if (base::textAt(document.value, "/kind") != kChaosExperiments.kind) {
            continue;
        }
        const auto* spec = base::at(document.value, "/spec");
        const auto* metadata = base::at(document.value, "/metadata");
        if (spec == nullptr || !spec->is_object() || metadata == nullptr ||
            !metadata->is_object()) {
            return base::fail(file + ": the ChaosExperiment needs metadata.name and a spec");
        }
        return document.value;
    }
    return base::fail(file + " holds no ChaosExperiment");
}

std::string row(const std::vector<std::string>& cells) {
    static constexpr size_t kWidths[] = {28, 16, 17, 13, 14};
    std::string out;
    for (size_t i = 0; i < cells.size(); ++i) {
        out += cells[i];
        if (i + 1 < cells.size()) {
            out += std::string(std::max<size_t>(cells[i].size() + 1, kWidths[i]) - cells[i].size(),
                               ' ');
        }
    }
    return out + "\n";
}

// Connects and does `use` with the cluster. Answers its exit code, or that of what went wrong.
int withCluster(const Globals& globals, const std::function<int(ChaosCluster)>& use) {
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    return use(
        {*session->client, session->namespace_, [] { std::this_thread::sleep_for(kPeriod); }});
}

}  // namespace

int chaosRun(const Globals& globals, const ChaosFlags& flags) {
    auto experiment = experimentIn(flags.file);
    if (!experiment) {
        return complain(experiment.error().message);
    }
    auto own = base::textAt(*experiment, "/metadata/namespace");
    return withCluster(globals, [&](ChaosCluster cluster) {
        if (!own.empty() && globals.namespace_.empty()) {
            cluster.namespace_ = own;
        }
        return runExperiment(cluster, std::move(*experiment), globals, flags.noWait);
    });
}

int chaosList(const Globals& globals, const ChaosFlags&) {
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    auto list = session->client->list(kChaosRuns, {.namespace_ = session->namespace_}, {});
    if (!list) {
        return refuseChaos("ChaosRun in " + session->namespace_, list.error());
    }
    std::vector<base::Json> runs;
    for (const auto& item : list->items) {
        runs.push_back(item->json());
    }
    std::sort(runs.begin(), runs.end(), [](const base::Json& a, const base::Json& b) {
        return base::textAt(a, "/metadata/creationTimestamp") <
               base::textAt(b, "/metadata/creationTimestamp");
    });
    auto out = base::Json::array();
    std::string table = row({"RUN", "APP", "FAULT", "PHASE", "VERDICT", "REASON"});
    for (const auto& run : runs) {
        out.push_back(chaos::report::document(run));
        table += row({base::textAt(run, "/metadata/name"), base::textAt(run, "/spec/app"),
                      base::textAt(run, "/spec/fault/type"), base::textAt(run, "/status/phase"),
                      base::textAt(run, "/status/verdict"), base::textAt(run, "/status/reason")});
    }
    std::cout << (globals.output == "text" ? table : render(out, globals.output));
    return kOk;
}

int chaosWatch(const Globals& globals, const ChaosFlags& flags) {
    return withCluster(globals, [&](const ChaosCluster& cluster) {
        auto run = follow(cluster, flags.name, globals.output != "text");
        return run ? judged(*run, globals)
                   : refuseChaos("ChaosRun " + cluster.namespace_ + "/" + flags.name, run.error());
    });
}

int chaosReport(const Globals& globals, const ChaosFlags& flags) {
    if (flags.name.empty() == flags.experiment.empty()) {
        return complain("chaos report needs the name of a run, or --experiment, and not both");
    }
    if (!flags.experiment.empty() && flags.format == "html") {
        return complain("-o html is of one run: chaos report RUN -o html");
    }
    return withCluster(globals, [&](const ChaosCluster& cluster) {
        return flags.experiment.empty() ? reportRun(cluster, flags.name, flags.format)
                                        : reportSeries(cluster, flags.experiment, flags.format);
    });
}

int chaosAccept(const Globals& globals, const ChaosFlags& flags) {
    return withCluster(globals, [&](const ChaosCluster& cluster) {
        return flags.schedule ? acceptSchedule(cluster, flags.name, globals.output)
                              : acceptStatistics(cluster, flags.name, globals.output);
    });
}

int chaosAbort(const Globals& globals, const ChaosFlags& flags) {
    if (flags.all != flags.name.empty()) {
        return complain("chaos abort needs the name of a run, or --all, and not both");
    }
    return withCluster(globals, [&](const ChaosCluster& cluster) {
        return flags.all ? abortAll(cluster, flags.why, globals.output)
                         : abortOne(cluster, flags.name, flags.why, globals.output);
    });
}

}  // namespace cli
