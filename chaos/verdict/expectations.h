// What an experiment may expect, one entry each in chaos/registry.cpp: whether it is asked for, and
// what the measurements say to it, with the numbers.
//
//   for (const auto& expectation : verdict::expectations()) {
//       if (expectation.asked(spec)) { auto assertions = expectation.judge({spec, status}); }
//   }
//
// Thread safety: pure.
#pragma once

#include <string>
#include <vector>

#include "api/chaos.h"
#include "chaos/run/sight.h"
#include "chaos/run/status.h"

namespace chaos::verdict {

// Unknown: it holds, or does not, by what nobody saw (run/sight.h).
enum class Grade { Holds, Narrowly, Broken, Unknown };

struct Assertion {
    Grade grade = Grade::Holds;
    std::string reason;  // CamelCase
    std::string message;
};

struct Case {
    const api::ChaosExperimentSpec& spec;
    const run::Status& status;  // with measurements
};

struct Expectation {
    const char* field;  // under spec.expectations
    bool (*asked)(const api::ChaosExperimentSpec& spec);
    std::vector<Assertion> (*judge)(const Case& of);
};
const std::vector<Expectation>& expectations();  // chaos/registry.cpp

bool asksWebErrors(const api::ChaosExperimentSpec& spec);
std::vector<Assertion> judgeWebErrors(const Case& of);
bool asksReadOutage(const api::ChaosExperimentSpec& spec);
std::vector<Assertion> judgeReadOutage(const Case& of);
bool asksRedundancy(const api::ChaosExperimentSpec& spec);
std::vector<Assertion> judgeRedundancy(const Case& of);
bool asksAutoscaling(const api::ChaosExperimentSpec& spec);
std::vector<Assertion> judgeAutoscaling(const Case& of);

// Whether the tier was whole again by the end; judged in every run.
Assertion wholeAgain(const run::Status& status);

// The share of failed requests, in percent: two bounds where nobody saw when the fault was over.
struct Share {
    double least = 0;
    double most = 0;
};
Share errorsDuring(const run::Measurements& all);
Share errorsAfter(const run::Measurements& all);

std::string text(const Share& share);

// The measure that counts: of a fault that lasts, from its end on. Empty: never whole again.
std::pair<const char*, std::optional<int64_t>> recovery(const run::Measurements& all);
// "4.2 s", or "2.1 to 18.0 s" where the measure has two bounds.
std::string took(const run::Measurements& all, const char* measure, int64_t most);
std::string fixed(double value, int digits);
std::string seconds(int64_t milliseconds);
std::string range(const run::Span& span);  // "4.2 s", or "2.1 to 18.0 s"

}  // namespace chaos::verdict
