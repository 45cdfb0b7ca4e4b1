// The page: everything in one file, nothing fetched, readable without scripts and on paper.
#include <array>
#include <cstdio>

#include "base/clock.h"
#include "chaos/report/report.h"
#include "chaos/report/statistics.h"
#include "chaos/verdict/expectations.h"

namespace chaos::report {
namespace {

constexpr const char* kStyle = R"css(
:root{color-scheme:light dark;--ink:#1e293b;--soft:#64748b;--paper:#fff;--card:#f8fafc;--line:#e2e8f0;--accent:#2563eb}
@media(prefers-color-scheme:dark){:root{--ink:#e2e8f0;--soft:#94a3b8;--paper:#0f172a;--card:#1e293b;--line:#334155;--accent:#60a5fa}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1160px;padding:32px 24px 64px;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
header{display:flex;gap:20px;align-items:center;flex-wrap:wrap;margin-bottom:8px}
h1{font-size:26px;margin:0;line-height:1.2}
h2{font-size:17px;margin:34px 0 10px}
.sub{color:var(--soft);margin:2px 0 0}
.badge{font-size:17px;font-weight:650;color:#fff;border-radius:8px;padding:9px 18px}
.Resilient{background:#15803d}.Degraded{background:#b45309}.Failed{background:#b91c1c}.Inconclusive{background:#475569}
ul.reasons{list-style:none;padding:0;margin:14px 0 0}
ul.reasons li{padding:5px 0 5px 28px;position:relative}
ul.reasons li:before{position:absolute;left:2px;font-weight:700}
li.holds:before{content:"\2713";color:#16a34a}li.broken:before{content:"\2717";color:#dc2626}li.open:before{content:"?";color:var(--soft)}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 10px 8px}
svg{width:100%;height:auto;display:block}
svg text{fill:var(--ink)}svg .tick{fill:var(--soft);font-size:11px}svg .title{font-weight:600}
svg .grid{stroke:var(--line)}svg .axis{stroke:var(--soft)}svg .mark{stroke:var(--soft);stroke-dasharray:3 3}
svg .marked{font-size:11px;font-weight:600}
svg .fault{fill:#f97316;opacity:.13}svg .good{fill:#93c5fd}svg .bad{fill:#dc2626}svg .blind{fill:#94a3b8;opacity:.5}
svg .p50{fill:none;stroke:#0d9488;stroke-width:1.8}svg .p99{fill:none;stroke:#c026d3;stroke-width:1.8}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin-top:20px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.tile b{display:block;font-size:23px;line-height:1.25;font-variant-numeric:tabular-nums}.tile span{color:var(--soft);font-size:13px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th{text-align:left;color:var(--soft);font-weight:600;font-size:13px}
th,td{padding:7px 12px 7px 0;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right}
td.yes{color:#16a34a}td.no{color:#dc2626;font-weight:600}
details{margin-top:34px}summary{cursor:pointer;font-weight:600}
pre{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px;overflow:auto;font-size:12px;max-height:420px}
@media print{body{max-width:none}details{display:none}}
)css";

std::string fixed(double value, const char* format) {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), format, value);
    return text.data();
}

std::string seconds(const base::Json& json, const std::string& pointer) {
    auto value = base::intAt(json, pointer);
    return value ? fixed(static_cast<double>(*value) / 1000, "%.1f s") : "";
}

// "2.1 to 18.0 s" where nobody watched when it ended.
std::string span(const base::Json& document, const char* measure) {
    auto found = spanOf(document, measure);
    return found ? verdict::range(*found) : "";
}

std::string milliseconds(const base::Json& json, const std::string& pointer) {
    auto value = base::intAt(json, pointer).value_or(0);
    return value == 0 ? "\xe2\x80\x93" : fixed(static_cast<double>(value) / 1000, "%.1f ms");
}

std::string cell(const std::string& text, const char* style = "") {
    std::string kind = *style == '\0' ? "" : std::string(" class=\"") + style + "\"";
    return "<td" + kind + ">" + escaped(text) + "</td>";
}

std::string sinceFault(const base::Json& document, const std::string& stamp) {
    base::WallTime zero;
    base::WallTime time;
    if (!base::parseTime(base::textAt(document, "/intentAt"), zero) ||
        !base::parseTime(stamp, time)) {
        return stamp.size() > 19 ? stamp.substr(11, 8) : stamp;
    }
    return fixed(base::secondsBetween(zero, time), "%+.1f s");
}

std::string header(const base::Json& document) {
    auto verdict = base::textAt(document, "/verdict");
    auto zone = base::textAt(document, "/spec/target/zone");
    auto driver = base::textAt(document, "/driver");
    return "<header><span class=\"badge " + escaped(verdict) + "\">" + escaped(verdict) +
           "</span><div><h1>" + escaped(base::textAt(document, "/fault")) + " of " +
           escaped(base::textAt(document, "/app")) + (zone.empty() ? "" : " in " + escaped(zone)) +
           "</h1><p class=\"sub\">run " + escaped(base::textAt(document, "/namespace")) + "/" +
           escaped(base::textAt(document, "/name")) + ", " +
           escaped(base::textAt(document, "/startedAt").substr(0, 19)) + " UTC" +
           (driver.empty() ? "" : ", by " + escaped(driver)) + ", " +
           escaped(base::textAt(document, "/reason")) + "</p></div></header>\n";
}

std::string reasons(const base::Json& document) {
    std::string out = "<ul class=\"reasons\">";
    bool open = base::textAt(document, "/verdict") == "Inconclusive";
    for (const auto& item : base::arrayAt(document, "/reasons")) {
        auto reason = item.is_string() ? item.get<std::string>() : "";
        bool broken = reason.find(" is broken") != std::string::npos ||
                      reason.find("was not whole") != std::string::npos ||
                      reason.find("ended early") != std::string::npos;
        out += std::string("<li class=\"") + (open ? "open" : (broken ? "broken" : "holds")) +
               "\">" + escaped(reason) + "</li>";
    }
    return out + "</ul>\n";
}

std::string tile(const std::string& number, const std::string& what) {
    return number.empty() ? ""
                          : "<div class=\"tile\"><b>" + escaped(number) + "</b><span>" +
                                escaped(what) + "</span></div>";
}

std::string tiles(const base::Json& document) {
    std::string m = "/measurements/";
    auto gap = seconds(document, m + "during/longestGapMilliseconds");
    auto out = tile(span(document, run::kDetected), "until it was detected") +
               tile(seconds(document, m + "firstGoodMilliseconds"), "until answered well again") +
               tile(span(document, run::kWholeAfterDeath), "whole, after the last death") +
               tile(span(document, run::kWholeAfterDelete), "whole, after the fault began") +
               tile(span(document, run::kWholeAfterEnd), "whole, after the fault's end") +
               tile(gap, "longest time without an answer");
    return out.empty() ? "" : "<div class=\"tiles\">" + out + "</div>\n";
}

std::string comparison(const base::Json& document) {
    const auto& lines = base::arrayAt(document, "/comparison");
    if (lines.empty()) {
        auto said = base::textAt(document, "/prediction/message");
        return said.empty() ? "" : "<h2>Predicted</h2><p>" + escaped(said) + "</p>\n";
    }
    std::string out =
        "<h2>Prediction against observation</h2><table><tr><th></th><th>predicted</th>"
        "<th>observed</th><th></th></tr>";
    for (const auto& line : lines) {
        auto holds = base::boolAt(line, "/holds");
        out += "<tr>" + cell(base::textAt(line, "/what")) + cell(base::textAt(line, "/predicted")) +
               cell(base::textAt(line, "/observed")) +
               (holds ? cell(*holds ? "as predicted" : "not as predicted", *holds ? "yes" : "no")
                      : cell("not watched")) +
               "</tr>";
    }
    return out + "</table>\n";
}

std::string phases(const base::Json& document) {
    if (base::at(document, "/measurements") == nullptr) {
        return "";
    }
    std::string out =
        "<h2>What visitors met</h2><table><tr><th></th><th class=\"n\">seconds</th><th "
        "class=\"n\">requests</th><th class=\"n\">failed</th><th class=\"n\">errors</th><th "
        "class=\"n\">median</th><th class=\"n\">99 %</th><th class=\"n\">longest gap</th></tr>";
    for (const char* phase : {"before", "during", "after"}) {
        std::string p = std::string("/measurements/") + phase + "/";
        auto count = [&](const char* field) {
            return base::intAt(document, p + field).value_or(0);
        };
        auto requests = count("requests");
        auto percent = requests == 0 ? 0.0
                                     : 100.0 * static_cast<double>(count("failed")) /
                                           static_cast<double>(requests);
        out += "<tr>" + cell(std::string(phase) + " the fault") +
               cell(std::to_string(count("seconds")), "n") + cell(std::to_string(requests), "n") +
               cell(std::to_string(count("failed")), "n") + cell(fixed(percent, "%.2f %%"), "n") +
               cell(milliseconds(document, p + "p50Microseconds"), "n") +
               cell(milliseconds(document, p + "p99Microseconds"), "n") +
               cell(seconds(document, p + "longestGapMilliseconds"), "n") + "</tr>";
    }
    return out + "</table>\n";
}

std::string views(const base::Json& document) {
    const auto& all = base::arrayAt(document, "/measurements/views");
    if (all.empty()) {
        return "";
    }
    std::string out =
        "<h2>The request's way, during the fault</h2><table><tr><th>asked</th><th "
        "class=\"n\">requests</th><th class=\"n\">failed</th><th class=\"n\">failed "
        "before</th><th class=\"n\">after</th><th class=\"n\">median</th><th class=\"n\">99 "
        "%</th><th class=\"n\">longest gap</th></tr>";
    auto row = [&](const std::string& name, const base::Json& view, int64_t before, int64_t after) {
        auto count = [&](const char* pointer) { return base::intAt(view, pointer).value_or(0); };
        out += "<tr>" + cell(name) + cell(std::to_string(count("/requests")), "n") +
               cell(std::to_string(count("/failed")), "n") + cell(std::to_string(before), "n") +
               cell(std::to_string(after), "n") +
               cell(milliseconds(view, "/p50Microseconds"), "n") +
               cell(milliseconds(view, "/p99Microseconds"), "n") +
               cell(seconds(view, "/longestGapMilliseconds"), "n") + "</tr>";
    };
    auto failed = [](const base::Json& in, const char* pointer) {
        return base::intAt(in, pointer).value_or(0);
    };
    const auto* visitors = base::at(document, "/measurements/during");
    row("visitors", visitors == nullptr ? base::Json::object() : *visitors,
        failed(document, "/measurements/before/failed"),
        failed(document, "/measurements/after/failed"));
    for (const auto& view : all) {
        row(base::textAt(view, "/name"), view, failed(view, "/failedBefore"),
            failed(view, "/failedAfter"));
    }
    return out + "</table>\n";
}

std::string zones(const base::Json& document) {
    const auto& all = base::arrayAt(document, "/measurements/zones");
    if (all.empty()) {
        return "";
    }
    std::string out =
        "<h2>Zones that lost pods</h2><table><tr><th></th><th class=\"n\">ready before</th><th "
        "class=\"n\">fewest</th><th class=\"n\">whole again, after the fault began</th></tr>";
    for (const auto& zone : all) {
        auto count = [&](const char* pointer) {
            return cell(std::to_string(base::intAt(zone, pointer).value_or(0)), "n");
        };
        auto whole = base::intAt(zone, "/wholeMilliseconds");
        auto least = base::intAt(zone, "/wholeAtLeastMilliseconds");
        out +=
            "<tr>" + cell(base::textAt(zone, "/zone")) + count("/readyBefore") +
            count("/readyLowest") +
            cell(whole ? verdict::range({least.value_or(*whole), *whole}) : "not by the end", "n") +
            "</tr>";
    }
    return out + "</table>\n";
}

std::string scaling(const base::Json& document) {
    if (base::at(document, "/scaling") == nullptr) {
        return "";
    }
    base::WallTime load;
    bool known = base::parseTime(base::textAt(document, "/scaling/loadAt"), load);
    std::string out = "<h2>Autoscaling, from the added load on</h2><table>";
    auto row = [&](const char* what, const char* pointer) {
        base::WallTime when;
        bool there = base::parseTime(base::textAt(document, pointer), when);
        out += "<tr>" + cell(what) +
               cell(there && known ? fixed(base::secondsBetween(load, when), "%.1f s") : "never",
                    "n") +
               "</tr>";
    };
    row("a metric was over its target", "/scaling/metricAt");
    row("more replicas were asked for", "/scaling/desiredAt");
    row("all of them were ready", "/scaling/readyAt");
    row("answers were fast again", "/scaling/calmAt");
    row("fewer were asked for again", "/scaling/scaledInAt");
    auto count = [&](const char* pointer) {
        return std::to_string(base::intAt(document, pointer).value_or(0));
    };
    out += "<tr>" + cell("replicas asked for: before, at most, at the end") +
           cell(count("/scaling/before") + ", " + count("/scaling/peak") + ", " +
                    count("/scaling/last"),
                "n") +
           "</tr><tr>" + cell("changes of direction under load") +
           cell(count("/scaling/reversals"), "n") + "</tr>";
    return out + "</table>\n";
}

std::string events(const base::Json& document) {
    std::string out =
        "<h2>What happened</h2><table><tr><th class=\"n\">from the fault</th>"
        "<th></th></tr>";
    for (const auto& entry : base::arrayAt(document, "/timeline")) {
        out += "<tr>" + cell(sinceFault(document, base::textAt(entry, "/time")), "n") +
               cell(base::textAt(entry, "/what")) + "</tr>";
    }
    return out + "</table>\n";
}

// A script element ends at the first "</": JSON has another way to write it.
std::string embedded(const base::Json& document) {
    std::string out;
    for (char c : base::dumpJson(document)) {
        out += c == '<' ? "\\u003c" : std::string(1, c);
    }
    return out;
}

}  // namespace

std::string html(const base::Json& document) {
    auto title = base::textAt(document, "/fault") + " of " + base::textAt(document, "/app") + ": " +
                 base::textAt(document, "/verdict");
    auto picture = timelinePicture(document);
    return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
           "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
           "<title>" +
           escaped(title) + "</title><style>" + kStyle + "</style></head><body>\n" +
           header(document) + reasons(document) + tiles(document) +
           (picture.empty() ? "" : "<h2>Over time</h2><figure>" + picture + "</figure>\n") +
           comparison(document) + phases(document) + views(document) + zones(document) +
           scaling(document) + events(document) +
           "<details><summary>All figures as JSON</summary><pre>" +
           escaped(base::dumpJsonPretty(document)) +
           "</pre></details>\n<script type=\"application/json\" id=\"report\">" +
           embedded(document) + "</script>\n</body></html>\n";
}

}  // namespace chaos::report
