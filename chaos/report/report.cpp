#include "chaos/report/report.h"

#include <array>
#include <cstdio>

namespace chaos::report {
namespace {

// What a report takes over from the run's status as it is.
constexpr std::array kParts{
    "startedAt",     "intentAt",     "deadline",     "detectedAt", "wholeAt",
    "observedUntil", "revertedAt",   "completedAt",  "seed",       "driver",
    "aborted",       "probeProblem", "intruders",    "prediction", "comparison",
    "targets",       "evidence",     "effects",      "scaling",    "readiness",
    "gaps",          "clockProblem", "measurements", "series",     "timeline"};

std::string xmlCase(const std::string& suite, const std::string& reason, bool broken) {
    auto end = std::min(reason.find(" holds"), reason.find(" is broken"));
    auto name = reason.substr(0, end == std::string::npos ? std::string::npos : end);
    std::string out =
        "    <testcase classname=\"" + escaped(suite) + "\" name=\"" + escaped(name) + "\"";
    if (!broken) {
        return out + "/>\n";
    }
    return out + ">\n      <failure message=\"" + escaped(reason) + "\"/>\n    </testcase>\n";
}

bool isBroken(const std::string& reason) {
    return reason.find(" is broken") != std::string::npos ||
           reason.find("was not whole") != std::string::npos ||
           reason.find("ended early") != std::string::npos;
}

std::string padded(const std::string& text, size_t width) {
    return text.size() >= width ? text : text + std::string(width - text.size(), ' ');
}

std::string finding(const base::Json& line) {
    auto holds = base::boolAt(line, "/holds");
    return !holds ? " not watched" : *holds ? "" : " not as predicted";
}

std::string viewLines(const base::Json& document) {
    const auto& all = base::arrayAt(document, "/measurements/views");
    std::string out = all.empty() ? "" : "\n" + padded("SEEN AT", 36) + "FAILED DURING THE FAULT\n";
    auto line = [&](const std::string& name, const base::Json& of) {
        auto count = [&](const char* field) {
            return std::to_string(base::intAt(of, field).value_or(0));
        };
        out += padded(name, 36) + count("/failed") + " of " + count("/requests") + "\n";
    };
    const auto* visitors = base::at(document, "/measurements/during");
    if (!all.empty() && visitors != nullptr) {
        line("visitors", *visitors);
    }
    for (const auto& view : all) {
        line(base::textAt(view, "/name"), view);
    }
    return out;
}

}  // namespace

std::string escaped(const std::string& text) {
    std::string out;
    for (char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                // XML has no other control characters.
                out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
        }
    }
    return out;
}

base::Json document(const base::Json& run) {
    auto status = run.value("status", base::Json::object());
    auto spec = run.value("spec", base::Json::object());
    base::Json out{{"schema", "scalableapp.dev/chaos-report/v1"},
                   {"namespace", base::textAt(run, "/metadata/namespace")},
                   {"name", base::textAt(run, "/metadata/name")},
                   {"uid", base::textAt(run, "/metadata/uid")},
                   {"app", base::textAt(spec, "/app")},
                   {"fault", base::textAt(spec, "/fault/type")},
                   {"phase", base::textAt(status, "/phase", "Pending")},
                   {"verdict", base::textAt(status, "/verdict", "Inconclusive")},
                   {"reason", base::textAt(status, "/reason", "NotFinished")},
                   {"reasons", base::arrayAt(status, "/reasons")},
                   {"spec", spec}};
    for (const auto* part : kParts) {
        if (const auto found = status.find(part); found != status.end() && !found->is_null()) {
            out[part] = *found;
        }
    }
    return out;
}

std::string junit(const std::vector<base::Json>& documents) {
    std::string suites;
    for (const auto& one : documents) {
        auto suite = base::textAt(one, "/namespace") + "/" + base::textAt(one, "/name");
        auto verdict = base::textAt(one, "/verdict");
        std::string cases;
        size_t tests = 0;
        size_t failures = 0;
        size_t errors = 0;
        for (const auto& item : base::arrayAt(one, "/reasons")) {
            auto reason = item.is_string() ? item.get<std::string>() : "";
            if (verdict == "Inconclusive") {
                continue;
            }
            ++tests;
            failures += isBroken(reason) ? 1U : 0U;
            cases += xmlCase(suite, reason, isBroken(reason));
        }
        if (verdict == "Inconclusive") {
            // Neither passed nor failed: a build server must not take it for a pass.
            ++tests;
            ++errors;
            std::string why = base::textAt(one, "/reasons/0");
            cases += "    <testcase classname=\"" + escaped(suite) +
                     "\" name=\"conclusive\">\n      <error message=\"" +
                     escaped(base::textAt(one, "/reason") + ": " + why) + "\"/>\n    </testcase>\n";
        }
        suites += "  <testsuite name=\"" + escaped(suite) + "\" tests=\"" + std::to_string(tests) +
                  "\" failures=\"" + std::to_string(failures) + "\" errors=\"" +
                  std::to_string(errors) + "\" timestamp=\"" +
                  escaped(base::textAt(one, "/startedAt").substr(0, 19)) + "\">\n" + cases +
                  "  </testsuite>\n";
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"chaos\">\n" + suites +
           "</testsuites>\n";
}

std::string text(const base::Json& document) {
    std::string out = base::textAt(document, "/fault") + " of " + base::textAt(document, "/app") +
                      ", run " + base::textAt(document, "/name") + ": " +
                      base::textAt(document, "/verdict") + " (" +
                      base::textAt(document, "/reason") + ")\n";
    for (const auto& reason : base::arrayAt(document, "/reasons")) {
        out += "  " + (reason.is_string() ? reason.get<std::string>() : "") + "\n";
    }
    const auto& lines = base::arrayAt(document, "/comparison");
    if (!lines.empty()) {
        out += "\n" + padded("", 36) + padded("PREDICTED", 18) + "OBSERVED\n";
    }
    for (const auto& line : lines) {
        out += padded(base::textAt(line, "/what"), 36) +
               padded(base::textAt(line, "/predicted"), 18) +
               padded(base::textAt(line, "/observed"), 18) + finding(line) + "\n";
    }
    out += viewLines(document) + "\n";
    for (const auto& entry : base::arrayAt(document, "/timeline")) {
        auto time = base::textAt(entry, "/time");
        out += (time.size() > 11 ? time.substr(11, 12) : time) + "  " +
               base::textAt(entry, "/what") + "\n";
    }
    return out;
}

}  // namespace chaos::report
