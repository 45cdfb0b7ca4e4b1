#include "fuzz/targets.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "api/scalable_app.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/label_selector.h"
#include "base/quantity.h"
#include "chaos/probe/samples.h"
#include "chaos/report/history.h"
#include "chaos/report/report.h"
#include "chaos/report/series.h"
#include "chaos/report/statistics.h"
#include "chaos/run/status.h"
#include "chaos/schedule/cron.h"
#include "kube/config.h"
#include "kube/errors.h"
#include "kube/exec_plugin.h"
#include "kube/gunzip.h"
#include "kube/json_scan.h"
#include "kube/line_splitter.h"
#include "kube/object.h"
#include "plan/plan.h"
#include "runtime/watcher.h"

namespace fuzz {
namespace {

// Both libFuzzer and the replay take the end of the process for a finding.
void require(bool property, const char* what) {
    if (!property) {
        std::fprintf(stderr, "property does not hold: %s\n", what);
        std::abort();
    }
}

bool isOneLine(const std::string& message) {
    return !message.empty() && message.find_first_of("\r\n") == std::string::npos;
}

void kubeconfig(std::string_view bytes) {
    for (const char* context : {"", "other"}) {
        auto config = kube::parseKubeconfig(std::string(bytes), "/nowhere", context);
        if (config) {
            require(config->server.starts_with("http"), "a configuration has a server");
            require(config->str().find(config->server) == 0, "str() names the server");
        } else {
            require(isOneLine(config.error().message), "an error is one line");
        }
    }
}

// The first byte says in what pieces the rest arrives: the lines must not depend on it.
void watchLines(std::string_view bytes) {
    constexpr size_t kMaxLine = 200;
    if (bytes.empty()) {
        return;
    }
    const size_t piece = static_cast<unsigned char>(bytes.front()) + 1U;
    bytes.remove_prefix(1);
    auto split = [&](size_t step, std::vector<std::string>& lines) {
        kube::LineSplitter splitter(kMaxLine);
        for (size_t at = 0; at < bytes.size(); at += step) {
            if (!splitter.feed(bytes.substr(at, step),
                               [&](std::string_view line) { lines.emplace_back(line); })) {
                return false;
            }
        }
        return true;
    };
    std::vector<std::string> inPieces;
    std::vector<std::string> atOnce;
    const bool good = split(piece, inPieces);
    require(good == split(std::max<size_t>(bytes.size(), 1), atOnce), "the limit is the line's");
    require(inPieces == atOnce, "lines do not depend on the pieces");
    for (const auto& line : inPieces) {
        require(!line.empty() && line.size() <= kMaxLine && line.find('\n') == std::string::npos,
                "a line is a line");
    }
}

void quantity(std::string_view bytes) {
    auto value = base::Quantity::parse(bytes);
    if (!value) {
        return;
    }
    auto again = base::Quantity::parse(value->str());
    require(again && *again == *value, "printing loses nothing");
    require(again->str() == value->str(), "printing is canonical");
    require(value->negative() == (value->str().front() == '-'), "the sign is kept");
}

void labelSelector(std::string_view bytes) {
    auto check = [](const base::LabelSelector& selector) {
        auto again = base::LabelSelector::parse(selector.str());
        require(again && *again == selector, "the text gives the selector back");
        static_cast<void>(selector.matches({{"a", "b"}, {"n", "7"}}));
        if (auto object = selector.json()) {
            auto same = base::LabelSelector::fromJson(*object);
            require(same && *same == selector, "the object gives the selector back");
        }
    };
    if (auto selector = base::LabelSelector::parse(bytes)) {
        check(*selector);
    }
    if (auto object = base::parseJson(bytes)) {
        if (auto selector = base::LabelSelector::fromJson(*object)) {
            check(*selector);
        }
    }
}

void object(std::string_view bytes) {
    size_t fields = 0;
    const bool scanned = kube::scanObject(bytes, [&](std::string_view, std::string_view value) {
        ++fields;
        require(!value.empty(), "a scanned field has a value");
        static_cast<void>(kube::scanArray(value, [](std::string_view) { return true; }));
        return true;
    });
    auto parsed = kube::Object::parse(bytes, "v1", "Pod");
    if (!parsed) {
        return;
    }
    require(scanned, "what is an object can be scanned");
    const auto& one = **parsed;
    auto again = kube::Object::parse(one.text());
    require(again.ok(), "the stored text is an object");
    require((*again)->text() == one.text(), "the stored text is compact");
    require((*again)->meta().key == one.meta().key && (*again)->meta().uid == one.meta().uid &&
                (*again)->meta().labels == one.meta().labels &&
                (*again)->meta().kind == one.meta().kind,
            "the metadata is that of the text");
    static_cast<void>(kube::atLeast(one.meta().resourceVersion, "7"));
}

void scalableApp(std::string_view bytes) {
    auto json = base::parseJson(bytes);
    if (!json) {
        return;
    }
    auto strict = api::parseScalableApp(*json);
    auto lenient = api::parseScalableApp(*json, api::UnknownFields::Ignore);
    require(!strict || lenient, "who ignores unknown fields takes no less");
    if (!strict) {
        require(isOneLine(strict.error().message), "an error is one line");
    }
    if (lenient) {
        // Whatever the spec is, a plan is made and says what cannot be built.
        auto plan = plan::planApp(*lenient, {.children = {}, .now = {}});
        require(plan.status.contains("conditions"), "a plan has a status");
        require(plan::objectsOf(*lenient).refusals.size() >= plan.refusals.size(),
                "what cannot be built is told without a cluster as well");
    }
}

void time(std::string_view bytes) {
    base::WallTime value{};
    if (!base::parseTime(bytes, value)) {
        return;
    }
    base::WallTime again{};
    require(base::parseTime(base::formatNanoTime(value), again) && again == value,
            "printing loses nothing");
}

// A line that is taken fires at minutes that fit it, in every zone, and never before it was asked.
void cron(std::string_view bytes) {
    auto line = chaos::schedule::Cron::parse(std::string(bytes));
    if (!line) {
        require(isOneLine(line.error().message), "an error is one line");
        return;
    }
    const base::WallTime from{std::chrono::seconds(1'774'731'600)};  // before a change of clocks
    for (const char* name : {"UTC", "Europe/Berlin"}) {
        auto zone = chaos::schedule::Zone::named(name);
        auto next = zone ? line->next(from, *zone) : std::nullopt;
        if (next) {
            require(*next > from && line->fits(*next, *zone), "the next time fits");
        }
    }
}

// A probe's log may be cut and garbled anywhere; what is read can be written and read again.
void probeSeries(std::string_view bytes) {
    auto reread = [](const chaos::probe::Second& second) {
        auto series = chaos::probe::parseSeries(chaos::probe::writeSecond(second) + "\n");
        require(series.seconds.size() == 1, "what is written can be read");
        return series.seconds[0];
    };
    for (const auto& second : chaos::probe::parseSeries(bytes).seconds) {
        auto once = reread(second);  // times are written in microseconds
        require(reread(once) == once, "writing loses nothing");
    }
}

// A run as the API server may give it, garbled: its memory survives being written, and every report
// of it is one that a reader can take.
void chaosRun(std::string_view bytes) {
    auto run = base::parseJson(bytes);
    if (!run || !run->is_object()) {
        return;
    }
    const auto* memory = base::at(*run, "/status");
    auto status = chaos::run::parseStatus(memory == nullptr ? base::Json() : *memory);
    require(chaos::run::parseStatus(chaos::run::toJson(status)) == status,
            "what a run remembers survives being written");
    auto document = chaos::report::document(*run);
    chaos::report::text(document);
    auto page = chaos::report::html(document);
    auto junit = chaos::report::junit({document});
    require(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"),
            "the report is a page");
    require(
        junit.find("<testcase") != std::string::npos || base::arrayAt(document, "/reasons").empty(),
        "every reason is a test");
}

// Several runs of an experiment or of a schedule, whose memory of what people accepted is read
// again and held against them.
void chaosHistory(std::string_view bytes) {
    auto input = base::parseJson(bytes);
    if (!input) {
        return;
    }
    const auto* owner = base::at(*input, "/owner");
    const auto owned = owner == nullptr ? base::Json::object() : *owner;
    std::vector<base::Json> runs;
    for (const auto& run : base::arrayAt(*input, "/runs")) {
        if (run.is_object()) {
            runs.push_back(run);
        }
    }
    auto series = chaos::report::seriesDocument(owned, runs);
    require(!chaos::report::seriesText(series).empty(), "a series can be told");
    auto documents = chaos::report::documentsOf(series);
    require(chaos::report::junit(documents).find("<testsuites") != std::string::npos,
            "a series is a build server's");

    auto status = base::Json::object();
    chaos::report::addHistory(owned, runs, status);
    for (const auto* pointer : {"/status/accepted", "/status/statistics"}) {
        const auto* known = base::at(owned, pointer);
        auto read = chaos::report::parseStatistics(known == nullptr ? base::Json() : *known);
        require(read.resilient >= 0 && read.resilient <= read.judged,
                "no more runs are Resilient than were judged");
        auto written = chaos::report::toJson(read);
        require(chaos::report::toJson(chaos::report::parseStatistics(written)) == written,
                "what was read survives being written");
        const std::string_view change =
            chaos::report::compare(read, chaos::report::statistics(runs)).verdict;
        require(change == "Worse" || change == "Same" || change == "Better" || change == "Unknown",
                "a change has a name");
    }
}

// What a credential plug-in prints.
void execCredential(std::string_view bytes) {
    for (const char* version :
         {"client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"}) {
        auto credential = kube::parseExecCredential(std::string(bytes), version);
        if (!credential) {
            require(isOneLine(credential.error().message), "an error is one line");
            continue;
        }
        require(!credential->token.empty() || !credential->clientCertificate.empty(),
                "a credential says who we are");
        require(credential->clientCertificate.empty() == credential->clientKey.empty(),
                "a certificate has a key");
    }
}

// The body of an answer that says no: an error of that status whatever it is.
void statusError(std::string_view bytes) {
    for (int status : {401, 404, 409, 422, 429, 500, 504}) {
        auto error = kube::errorFromStatus(status, std::string(bytes), "3");
        require(error.httpStatus == status, "the status is the answer's");
        require(!error.str().empty(), "an error says something");
    }
}

void gunzip(std::string_view bytes) {
    constexpr size_t kLimit = 1U << 16U;
    auto text = kube::gunzip(bytes, kLimit);
    require(!text || text->size() <= kLimit, "the limit holds");
    require(text || isOneLine(text.error().message), "an error is one line");
}

// A server that says anything: each line of the input is what it says next, to whatever it is
// asked. The first byte of a line says how it says it.
class AnyServer {
  public:
    void say(std::string_view line) {
        const char how = line.empty() ? 'x' : line.front();
        const std::string_view text = line.substr(std::min<size_t>(1, line.size()));
        now_ += std::chrono::milliseconds(300);
        switch (asked_) {
            case Asked::Nothing:
                return feed(runtime::Watcher::Begin{}, true);
            case Asked::Pause:
                return feed(runtime::Watcher::Paused{}, true);
            case Asked::List:
                return how == 'f' ? feed(runtime::Watcher::ListFailed{error(text)}, true)
                                  : feed(page(how, text), true);
            case Asked::Watch:
                if (how == 'e' || stopped_) {
                    return feed(runtime::Watcher::Ended{failure(text), kLasted}, true);
                }
                return feed(runtime::Watcher::Line{text}, false);
        }
    }

  private:
    enum class Asked { Nothing, Pause, List, Watch };
    static constexpr std::chrono::milliseconds kLasted{700};

    static kube::ApiError error(std::string_view text) {
        return kube::errorFromStatus(text.size() % 2 == 0 ? 410 : 503, std::string(text), "");
    }
    static std::optional<kube::ApiError> failure(std::string_view text) {
        return text.empty() ? std::nullopt : std::optional(error(text));
    }
    static runtime::Watcher::Page page(char how, std::string_view text) {
        kube::ObjectList list;
        list.resourceVersion = how == 'v' ? "" : "7";
        list.continueToken = how == 'c' ? "more" : "";
        if (auto object = kube::Object::parse(text, "v1", "ConfigMap")) {
            list.items.push_back(*object);
        }
        return {std::move(list)};
    }

    // `ends`: what was asked for has been answered, so that something else is asked for now.
    void feed(const runtime::Watcher::Input& input, bool ends) {
        int asks = 0;
        auto ask = [&](Asked what) {
            asked_ = what;
            stopped_ = false;
            ++asks;
        };
        for (const auto& output : watcher_.next(input, now_)) {
            if (std::holds_alternative<runtime::Watcher::StartList>(output)) {
                ask(Asked::List);
            } else if (std::holds_alternative<runtime::Watcher::StartWatch>(output)) {
                ask(Asked::Watch);
            } else if (const auto* pause = std::get_if<runtime::Watcher::Pause>(&output)) {
                require(pause->duration > std::chrono::milliseconds(0) &&
                            pause->duration <= std::chrono::minutes(1),
                        "a pause is bounded");
                ask(Asked::Pause);
            } else if (std::holds_alternative<runtime::Watcher::StopWatch>(output)) {
                require(asked_ == Asked::Watch, "only a watch is stopped");
                stopped_ = true;
            }
        }
        require(asks == (ends ? 1 : 0), "one thing is asked for at a time, and always one");
    }

    runtime::Watcher watcher_{{}, [] { return 0.5; }};
    base::SteadyTime now_{};
    Asked asked_ = Asked::Nothing;
    bool stopped_ = false;
};

void watcher(std::string_view bytes) {
    AnyServer server;
    server.say("");
    while (!bytes.empty()) {
        const size_t end = std::min(bytes.find('\n'), bytes.size());
        server.say(bytes.substr(0, end));
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
}

constexpr Target kTargets[] = {{"kubeconfig", kubeconfig},
                               {"watch_lines", watchLines},
                               {"quantity", quantity},
                               {"label_selector", labelSelector},
                               {"object", object},
                               {"scalable_app", scalableApp},
                               {"time", time},
                               {"cron", cron},
                               {"probe_series", probeSeries},
                               {"chaos_run", chaosRun},
                               {"chaos_history", chaosHistory},
                               {"exec_credential", execCredential},
                               {"status_error", statusError},
                               {"gunzip", gunzip},
                               {"watcher", watcher}};

}  // namespace

const Target* find(std::string_view name) {
    const auto* found = std::find_if(std::begin(kTargets), std::end(kTargets),
                                     [&](const Target& target) { return target.name == name; });
    return found == std::end(kTargets) ? nullptr : found;
}

}  // namespace fuzz
