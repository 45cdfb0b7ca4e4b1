#include "cli/chaos_command.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "base/json.h"
#include "chaos/kinds.h"
#include "chaos/pause.h"
#include "chaos/report/report.h"
#include "chaos/run/status.h"
#include "chaos/sweep.h"
#include "cli/yaml.h"

namespace cli {
namespace {

using namespace std::chrono_literals;
using chaos::kChaosExperiments;
using chaos::kChaosRuns;

constexpr auto kPeriod = 1s;
// For a chaos controller that is not there.
constexpr auto kPatience = 30s;

bool over(const base::Json& run) {
    return base::textAt(run, "/status/phase") == "Done";
}

int refuse(const std::string& what, const kube::ApiError& error) {
    if (error.is(kube::ErrorKind::NotFound)) {
        return complain("there is no " + what + ": see kubectl scalableapp chaos list", kFailed);
    }
    return complain(what + ": " + error.str(), kFailed);
}

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
        if (base::textAt(document.value, "/kind") == kChaosExperiments.kind) {
            return document.value;
        }
    }
    return base::fail(file + " holds no ChaosExperiment");
}

// Tells what is new on a run's timeline, and waits for its end.
kube::ApiResult<base::Json> follow(kube::Client& client, const kube::ObjectKey& key, bool quiet) {
    size_t told = 0;
    while (true) {
        auto got = client.get(kChaosRuns, key, {});
        if (!got && !got.error().transient()) {
            return base::failWith(got.error());
        }
        if (got) {
            auto run = (*got)->json();
            const auto& timeline = base::arrayAt(run, "/status/timeline");
            for (; told < timeline.size() && !quiet; ++told) {
                auto time = base::textAt(timeline[told], "/time");
                std::cout << (time.size() > 19 ? time.substr(11, 8) : time) << "  "
                          << base::textAt(timeline[told], "/what") << std::endl;
            }
            if (over(run)) {
                return run;
            }
        }
        std::this_thread::sleep_for(kPeriod);
    }
}

std::string formatted(const base::Json& document, const std::string& format) {
    if (format == "html") {
        return chaos::report::html(document);
    }
    if (format == "junit") {
        return chaos::report::junit({document});
    }
    return format == "text" ? chaos::report::text(document) : render(document, format);
}

int judged(const base::Json& run, const Globals& globals) {
    auto document = chaos::report::document(run);
    if (globals.output != "text") {
        std::cout << render(document, globals.output);
    } else {
        std::cout << '\n' << chaos::report::text(document);
    }
    return base::textAt(run, "/status/verdict") == "Resilient" ? kOk : kFailed;
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

kube::ApiResult<void> abortRun(kube::Client& client, const kube::ObjectKey& key,
                               const std::string& why) {
    base::Json patch{{"metadata", {{"annotations", {{chaos::kAbortAnnotation, why}}}}}};
    auto patched = client.patch(kChaosRuns, key, kube::PatchType::MergePatch, patch, {});
    return patched ? kube::ApiResult<void>() : base::failWith(patched.error());
}

// Everywhere: nothing is started any more, the runs are asked to end, and what faults left is taken
// back from here, in case that no chaos controller is there to do it.
int abortAll(kube::Client& client, const std::string& why) {
    int code = kOk;
    auto paused = chaos::pauseAll(client, {});
    for (const auto& what : paused.done) {
        std::cout << what << '\n';
    }
    for (const auto& what : paused.problems) {
        code = complain("not paused: " + what, kFailed);
    }
    auto list = client.list(kChaosRuns, {}, {});
    if (!list) {
        return complain("chaosruns: " + list.error().str(), kFailed);
    }
    for (const auto& item : list->items) {
        if (over(item->json())) {
            continue;
        }
        auto aborted = abortRun(client, item->meta().key, why);
        if (!aborted) {
            code =
                complain("run " + item->meta().key.str() + ": " + aborted.error().str(), kFailed);
        } else {
            std::cout << "run " << item->meta().key.str() << ": asked to end\n";
        }
    }
    chaos::SweepOptions everything;
    everything.all = true;
    auto swept = chaos::Sweep(client, base::systemClock(), {}).once(everything, {});
    for (const auto& what : swept.reverted) {
        std::cout << "taken back: " << what << '\n';
    }
    for (const auto& what : swept.problems) {
        code = complain("left: " + what, kFailed);
    }
    return code;
}

}  // namespace

int chaosRun(const Globals& globals, const ChaosFlags& flags) {
    auto experiment = experimentIn(flags.file);
    if (!experiment) {
        return complain(experiment.error().message);
    }
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    auto own = base::textAt(*experiment, "/metadata/namespace");
    kube::ObjectKey key{own.empty() || !globals.namespace_.empty() ? session->namespace_ : own,
                        base::textAt(*experiment, "/metadata/name")};
    (*experiment)["metadata"]["namespace"] = key.namespace_;
    auto applied = session->client->apply(kChaosExperiments, *experiment, {});
    if (!applied) {
        return complain(applied.error().str(), kFailed);
    }
    key.name += "-" + std::to_string((*applied)->meta().generation);
    if (flags.noWait) {
        std::cout << key.name << '\n';
        return kOk;
    }
    auto until = std::chrono::steady_clock::now() + kPatience;
    while (!session->client->get(kChaosRuns, key, {})) {
        if (std::chrono::steady_clock::now() > until) {
            return complain("no ChaosRun " + key.str() +
                                " appeared: is the chaos controller installed (chaos.enabled)?",
                            kFailed);
        }
        std::this_thread::sleep_for(kPeriod);
    }
    auto run = follow(*session->client, key, globals.output != "text");
    return run ? judged(*run, globals) : refuse("ChaosRun " + key.str(), run.error());
}

int chaosList(const Globals& globals, const ChaosFlags&) {
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    auto list = session->client->list(kChaosRuns, {.namespace_ = session->namespace_}, {});
    if (!list) {
        return refuse("ChaosRun in " + session->namespace_, list.error());
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
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    kube::ObjectKey key{session->namespace_, flags.name};
    auto run = follow(*session->client, key, globals.output != "text");
    return run ? judged(*run, globals) : refuse("ChaosRun " + key.str(), run.error());
}

int chaosReport(const Globals& globals, const ChaosFlags& flags) {
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    kube::ObjectKey key{session->namespace_, flags.name};
    auto got = session->client->get(kChaosRuns, key, {});
    if (!got) {
        return refuse("ChaosRun " + key.str(), got.error());
    }
    std::cout << formatted(chaos::report::document((*got)->json()), flags.format);
    return kOk;
}

int chaosAccept(const Globals& globals, const ChaosFlags& flags) {
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    kube::ObjectKey key{session->namespace_, flags.name};
    auto got = session->client->get(kChaosExperiments, key, {});
    if (!got) {
        return refuse("ChaosExperiment " + key.str(), got.error());
    }
    auto experiment = (*got)->json();
    auto judged = base::intAt(experiment, "/status/statistics/judged").value_or(0);
    if (judged == 0) {
        return complain("ChaosExperiment " + key.str() + " has no judged run to accept", kFailed);
    }
    auto generation = std::to_string((*got)->meta().generation);
    base::Json patch{{"metadata", {{"annotations", {{chaos::kAcceptAnnotation, generation}}}}}};
    auto patched =
        session->client->patch(kChaosExperiments, key, kube::PatchType::MergePatch, patch, {});
    if (!patched) {
        return refuse("ChaosExperiment " + key.str(), patched.error());
    }
    std::cout << "accepted: " << judged << " runs of generation " << generation << '\n';
    return kOk;
}

int chaosAbort(const Globals& globals, const ChaosFlags& flags) {
    if (flags.all != flags.name.empty()) {
        return complain("chaos abort needs the name of a run, or --all, and not both");
    }
    auto session = connect(globals);
    if (!session) {
        return complain(session.error().message);
    }
    if (flags.all) {
        return abortAll(*session->client, flags.why);
    }
    kube::ObjectKey key{session->namespace_, flags.name};
    auto aborted = abortRun(*session->client, key, flags.why);
    if (!aborted) {
        return refuse("ChaosRun " + key.str(), aborted.error());
    }
    std::cout << "run " << key.str() << ": asked to end\n";
    return kOk;
}

}  // namespace cli
