#include "chaos/report/report.h"

#include <array>
#include <cstdio>

namespace chaos::report {
namespace {

// What a report takes over from the run's status as it is.
constexpr std::array kParts{
    "startedAt",  "intentAt",    "deadline",     "detectedAt", "wholeAt",  "observedUntil",
    "revertedAt", "completedAt", "seed",         "driver",     "aborted",  "probeProblem",
    "intruders",  "prediction",  "comparison",   "targets",    "evidence", "effects",
    "scaling",    "readiness",   "measurements", "series",     "timeline"};

std::string at(const base::Json& json, const char* pointer, const char* otherwise = "") {
    return base::stringAt(json, pointer).value_or(otherwise);
}

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
           reason.find("taken back early") != std::string::npos;
}

std::string padded(const std::string& text, size_t width) {
    return text.size() >= width ? text : text + std::string(width - text.size(), ' ');
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
                   {"namespace", at(run, "/metadata/namespace")},
                   {"name", at(run, "/metadata/name")},
                   {"uid", at(run, "/metadata/uid")},
                   {"app", at(spec, "/app")},
                   {"fault", at(spec, "/fault/type")},
                   {"phase", at(status, "/phase", "Pending")},
                   {"verdict", at(status, "/verdict", "Inconclusive")},
                   {"reason", at(status, "/reason", "NotFinished")},
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
        auto suite = at(one, "/namespace") + "/" + at(one, "/name");
        auto verdict = at(one, "/verdict");
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
            std::string why = at(one, "/reasons/0");
            cases += "    <testcase classname=\"" + escaped(suite) +
                     "\" name=\"conclusive\">\n      <error message=\"" +
                     escaped(at(one, "/reason") + ": " + why) + "\"/>\n    </testcase>\n";
        }
        suites += "  <testsuite name=\"" + escaped(suite) + "\" tests=\"" + std::to_string(tests) +
                  "\" failures=\"" + std::to_string(failures) + "\" errors=\"" +
                  std::to_string(errors) + "\" timestamp=\"" +
                  escaped(at(one, "/startedAt").substr(0, 19)) + "\">\n" + cases +
                  "  </testsuite>\n";
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"chaos\">\n" + suites +
           "</testsuites>\n";
}

std::string text(const base::Json& document) {
    std::string out = at(document, "/fault") + " of " + at(document, "/app") + ", run " +
                      at(document, "/name") + ": " + at(document, "/verdict") + " (" +
                      at(document, "/reason") + ")\n";
    for (const auto& reason : base::arrayAt(document, "/reasons")) {
        out += "  " + (reason.is_string() ? reason.get<std::string>() : "") + "\n";
    }
    const auto& lines = base::arrayAt(document, "/comparison");
    if (!lines.empty()) {
        out += "\n" + padded("", 36) + padded("PREDICTED", 18) + "OBSERVED\n";
    }
    for (const auto& line : lines) {
        out += padded(at(line, "/what"), 36) + padded(at(line, "/predicted"), 18) +
               padded(at(line, "/observed"), 18) +
               (base::boolAt(line, "/holds").value_or(false) ? "" : " not as predicted") + "\n";
    }
    out += "\n";
    for (const auto& entry : base::arrayAt(document, "/timeline")) {
        auto time = at(entry, "/time");
        out += (time.size() > 11 ? time.substr(11, 12) : time) + "  " + at(entry, "/what") + "\n";
    }
    return out;
}

}  // namespace chaos::report
