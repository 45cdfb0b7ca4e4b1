// What is fuzzed: every place where text from outside becomes a value. A target takes any bytes; a
// defect is a crash, a finding of a sanitizer, or a property that does not hold.
//
//   fuzz::Target* target = fuzz::find("quantity");
//   target->run("1500m");
//
// tests/fuzz/run runs them under libFuzzer; fuzz_corpus_test replays tests/fuzz/corpus in every
// build.
#pragma once

#include <string_view>

namespace fuzz {

struct Target {
    const char* name;
    void (*run)(std::string_view bytes);
};

// nullptr: there is no such target.
const Target* find(std::string_view name);

}  // namespace fuzz
