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
#include "chaos/report/report.h"
#include "chaos/run/status.h"
#include "chaos/schedule/cron.h"
#include "kube/config.h"
#include "kube/json_scan.h"
#include "kube/line_splitter.h"
#include "kube/object.h"

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

constexpr Target kTargets[] = {{"kubeconfig", kubeconfig},
                               {"watch_lines", watchLines},
                               {"quantity", quantity},
                               {"label_selector", labelSelector},
                               {"object", object},
                               {"scalable_app", scalableApp},
                               {"time", time},
                               {"cron", cron},
                               {"probe_series", probeSeries},
                               {"chaos_run", chaosRun}};

}  // namespace

const Target* find(std::string_view name) {
    const auto* found = std::find_if(std::begin(kTargets), std::end(kTargets),
                                     [&](const Target& target) { return target.name == name; });
    return found == std::end(kTargets) ? nullptr : found;
}

}  // namespace fuzz
