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
#include "chaos/run/status.h"

namespace chaos::verdict {

enum class Grade { Holds, Narrowly, Broken };

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

double errorPercent(const run::PhaseMeasure& phase);
std::string fixed(double value, int digits);
std::string seconds(int64_t milliseconds);

}  // namespace chaos::verdict
