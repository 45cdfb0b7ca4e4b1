// The timeline as SVG: three panels over one axis, seconds from the fault.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>

#include "base/clock.h"
#include "chaos/report/report.h"

namespace chaos::report {
namespace {

constexpr double kLeft = 64;
constexpr double kRight = 1076;
constexpr double kTop = 58;
constexpr double kPanel = 120;
constexpr double kBetween = 42;
constexpr std::array kColours{"#2563eb", "#0d9488", "#c026d3", "#ca8a04", "#64748b", "#16a34a"};

std::string number(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
}

std::optional<base::WallTime> time(const base::Json& json, const char* pointer) {
    base::WallTime out;
    auto text = base::stringAt(json, pointer).value_or("");
    return base::parseTime(text, out) ? std::optional(out) : std::nullopt;
}

// 1, 2 or 5 times a power of ten, about a fifth of the range.
double niceStep(double range) {
    double rough = std::max(range, 1e-9) / 5;
    double power = std::pow(10, std::floor(std::log10(rough)));
    for (double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= rough) {
            return factor * power;
        }
    }
    return 10 * power;
}

class Picture {
  public:
    explicit Picture(const base::Json& document) : document_(document) {
        start_ = time(document, "/series/startedAt");
        zero_ = time(document, "/intentAt");
    }

    std::string draw() {
        const auto& sent = base::arrayAt(document_, "/series/sent");
        step_ = static_cast<double>(base::intAt(document_, "/series/stepSeconds").value_or(1));
        if (!start_ || sent.empty() || step_ <= 0) {
            return "";
        }
        if (!zero_) {
            zero_ = start_;
        }
        from_ = base::secondsBetween(*zero_, *start_);
        to_ = from_ + step_ * static_cast<double>(sent.size());
        band();
        load();
        latency();
        pods();
        axis();
        marks();
        auto height = number(panelTop(3) + 6);
        return "<svg viewBox=\"0 0 1100 " + height +
               "\" role=\"img\" aria-label=\"Load, errors, latency and ready pods over time\" "
               "xmlns=\"http://www.w3.org/2000/svg\" font-family=\"inherit\" font-size=\"12\">\n" +
               out_ + "</svg>\n";
    }

  private:
    static double panelTop(int panel) { return kTop + panel * (kPanel + kBetween); }
    double x(double seconds) const {
        return kLeft + (seconds - from_) / (to_ - from_) * (kRight - kLeft);
    }
    double moment(base::WallTime at) const { return base::secondsBetween(*zero_, at); }

    // What is no number is unknown, as where the probe was blind.
    std::vector<double> seriesOf(const char* pointer) const {
        std::vector<double> out;
        for (const auto& one : base::arrayAt(document_, pointer)) {
            out.push_back(one.is_number() ? one.get<double>() : -1);
        }
        return out;
    }

    void line(double x1, double y1, double x2, double y2, const std::string& style) {
        out_ += "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) +
                "\" y2=\"" + number(y2) + "\" " + style + "/>\n";
    }
    void words(double at, double y, const std::string& text, const std::string& style) {
        out_ += "<text x=\"" + number(at) + "\" y=\"" + number(y) + "\" " + style + ">" +
                escaped(text) + "</text>\n";
    }
    void path(const std::string& points, const std::string& style) {
        if (!points.empty()) {
            out_ += "<path d=\"" + points + "\" " + style + "/>\n";
        }
    }

    void frame(int panel, const std::string& title, double top, bool logarithmic) {
        words(kLeft, panelTop(panel) - 8, title, "class=\"title\"");
        auto grid = "class=\"grid\"";
        if (!logarithmic) {
            double step = std::max(niceStep(top), top <= 8 ? 1.0 : 0.0);
            for (double value = 0; value <= top + 1e-9; value += step) {
                double y = level(panel, value, top);
                line(kLeft, y, kRight, y, grid);
                words(kLeft - 8, y + 4, number(value).substr(0, number(value).find('.')),
                      "class=\"tick\" text-anchor=\"end\"");
            }
        }
    }
    static double level(int panel, double value, double top) {
        return panelTop(panel) + kPanel - value / std::max(top, 1e-9) * kPanel;
    }

    // The time in which the fault was in force.
    void band() {
        auto end = time(document_, "/revertedAt");
        double first = 0;
        double last = 0;
        for (const auto& effect : base::arrayAt(document_, "/effects")) {
            if (auto gone = time(effect, "/revertedAt")) {
                end = gone;
            }
        }
        for (const auto& evidence : base::arrayAt(document_, "/evidence")) {
            if (auto dead = time(evidence, "/deadAt")) {
                last = std::max(last, moment(*dead));
            }
        }
        if (end && !base::arrayAt(document_, "/effects").empty()) {
            last = std::max(last, moment(*end));
        }
        last = std::min(std::max(last, first + 0.3), to_);
        out_ += "<rect x=\"" + number(x(first)) + "\" y=\"" + number(kTop - 4) + "\" width=\"" +
                number(x(last) - x(first)) + "\" height=\"" +
                number(panelTop(2) + kPanel - kTop + 4) + "\" class=\"fault\"/>\n";
    }

    void load() {
        auto sent = seriesOf("/series/sent");
        auto failed = seriesOf("/series/failed");
        double top = 1;
        for (double one : sent) {
            top = std::max(top, one / step_);
        }
        top *= 1.08;
        frame(0, "requests per second, failed in red", top, false);
        double width = std::max(0.8, x(from_ + step_) - x(from_) - 0.4);
        for (size_t i = 0; i < sent.size(); ++i) {
            double at = x(from_ + step_ * static_cast<double>(i));
            double all = sent[i] / step_;
            double bad = i < failed.size() ? failed[i] / step_ : 0;
            if (all < 0) {
                rect(at, panelTop(0), width, kPanel, "class=\"blind\"");
                continue;
            }
            rect(at, level(0, all, top), width, panelTop(0) + kPanel - level(0, all, top),
                 "class=\"good\"");
            if (bad > 0) {
                double height = std::max(2.0, panelTop(0) + kPanel - level(0, bad, top));
                rect(at, panelTop(0) + kPanel - height, width, height, "class=\"bad\"");
            }
        }
    }

    void rect(double at, double y, double width, double height, const std::string& style) {
        out_ += "<rect x=\"" + number(at) + "\" y=\"" + number(y) + "\" width=\"" + number(width) +
                "\" height=\"" + number(height) + "\" " + style + "/>\n";
    }

    // Logarithmic from 0.1 ms: a median and a 99th percentile seldom fit on another axis.
    static double latencyLevel(double microseconds, double decades) {
        double over = std::log10(std::max(microseconds, 100.0) / 100.0);
        return panelTop(1) + kPanel - std::min(over / decades, 1.0) * kPanel;
    }

    void latency() {
        auto p50 = seriesOf("/series/p50Microseconds");
        auto p99 = seriesOf("/series/p99Microseconds");
        double most = 100'000;
        for (double one : p99) {
            most = std::max(most, one);
        }
        double decades = std::ceil(std::log10(most / 100.0));
        frame(1, "time to a good answer: median and 99th percentile", 0, true);
        for (double decade = 0; decade <= decades; ++decade) {
            double value = 100 * std::pow(10, decade);
            double y = latencyLevel(value, decades);
            line(kLeft, y, kRight, y, "class=\"grid\"");
            words(kLeft - 8, y + 4,
                  value < 1000
                      ? "0.1 ms"
                      : (value < 1e6 ? number(value / 1000) : number(value / 1e6))
                                .substr(
                                    0, number(value < 1e6 ? value / 1000 : value / 1e6).find('.')) +
                            (value < 1e6 ? " ms" : " s"),
                  "class=\"tick\" text-anchor=\"end\"");
        }
        curve(p50, decades, "class=\"p50\"");
        curve(p99, decades, "class=\"p99\"");
    }

    void curve(const std::vector<double>& values, double decades, const std::string& style) {
        std::string points;
        bool pen = false;
        for (size_t i = 0; i < values.size(); ++i) {
            double value = values[i];
            // No good answer in this second: nothing to draw.
            if (value <= 0) {
                pen = false;
                continue;
            }
            double at = x(from_ + step_ * (static_cast<double>(i) + 0.5));
            points += (pen ? "L" : "M") + number(at) + " " + number(latencyLevel(value, decades));
            pen = true;
        }
        path(points, style);
    }

    void pods() {
        std::map<std::string, std::vector<std::pair<double, double>>> zones;
        double top = 1;
        for (const auto& change : base::arrayAt(document_, "/readiness")) {
            auto at = time(change, "/time");
            auto ready = static_cast<double>(base::intAt(change, "/ready").value_or(0));
            if (at) {
                zones[base::stringAt(change, "/zone").value_or("")].emplace_back(moment(*at),
                                                                                 ready);
                top = std::max(top, ready);
            }
        }
        // A pod that was not placed yet is in no zone, and never ready there.
        std::erase_if(zones, [&](const auto& one) {
            return one.first.empty() && zones.size() > 1 &&
                   std::all_of(one.second.begin(), one.second.end(),
                               [](const auto& change) { return change.second == 0; });
        });
        top += 0.5;
        frame(2, zones.size() > 1 ? "ready pods by zone" : "ready pods", top, false);
        size_t index = 0;
        double legend = kLeft + 150;
        for (const auto& [zone, changes] : zones) {
            const auto* colour = kColours[index % kColours.size()];
            // A hair apart, so that zones with as many pods can be told apart.
            double shift = static_cast<double>(index) * 2.2;
            double y = level(2, changes[0].second, top) - shift;
            std::string points = "M" + number(x(from_)) + " " + number(y);
            for (const auto& [at, ready] : changes) {
                points += "H" + number(x(std::clamp(at, from_, to_)));
                y = level(2, ready, top) - shift;
                points += "V" + number(y);
            }
            points += "H" + number(x(to_));
            path(points, std::string("fill=\"none\" stroke-width=\"2\" stroke=\"") + colour + "\"");
            auto name = zone.empty() ? "no zone" : zone;
            line(legend, panelTop(2) - 12, legend + 18, panelTop(2) - 12,
                 std::string("stroke-width=\"2\" stroke=\"") + colour + "\"");
            words(legend + 23, panelTop(2) - 8, name, "class=\"tick\"");
            legend += 45 + 8 * static_cast<double>(name.size());
            ++index;
        }
    }

    void axis() {
        double y = panelTop(2) + kPanel;
        double step = niceStep(to_ - from_);
        for (double at = std::ceil(from_ / step) * step; at <= to_; at += step) {
            line(x(at), y, x(at), y + 5, "class=\"axis\"");
            auto text = number(std::round(at * 10) / 10 + 0.0);  // no "-0"
            words(x(at), y + 19, text.substr(0, text.find('.')) + " s",
                  "class=\"tick\" text-anchor=\"middle\"");
        }
        line(kLeft, y, kRight, y, "class=\"axis\"");
    }

    void mark(const char* pointer, const std::string& label, int row) {
        if (auto at = time(document_, pointer)) {
            markAt(moment(*at), label, row);
        }
    }

    void markAt(double at, const std::string& label, int row) {
        if (at < from_ || at > to_) {
            return;
        }
        double y = 14 + row * 15;
        line(x(at), y + 3, x(at), panelTop(2) + kPanel, "class=\"mark\"");
        bool right = x(at) > kRight - 150;
        words(x(at) + (right ? -4 : 4), y, label,
              std::string("class=\"marked\" text-anchor=\"") + (right ? "end" : "start") + "\"");
    }

    void marks() {
        markAt(0, "fault", 0);
        double death = -1;
        for (const auto& evidence : base::arrayAt(document_, "/evidence")) {
            if (auto dead = time(evidence, "/deadAt")) {
                death = std::max(death, moment(*dead));
            }
        }
        if (death >= 0) {
            markAt(death, "last death", 1);
        }
        if (!base::arrayAt(document_, "/effects").empty()) {
            mark("/revertedAt", "taken back", 0);
        }
        mark("/wholeAt", "whole", 2);
    }

    const base::Json& document_;
    std::optional<base::WallTime> start_;
    std::optional<base::WallTime> zero_;
    double step_ = 1;
    double from_ = 0;
    double to_ = 1;
    std::string out_;
};

}  // namespace

std::string timelinePicture(const base::Json& document) {
    return Picture(document).draw();
}

}  // namespace chaos::report
