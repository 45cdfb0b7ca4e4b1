// The life of an application, as a person lives it with it: made, changed in every way, damaged,
// deleted. What each of the sieve's scenarios goes through.
//
//   for (const auto& step : sieve::life()) {
//       step.act(server);  // step.name says what it was
//   }
//
// Thread safety: as the server has it.
#pragma once

#include <string>
#include <vector>

#include "apiserver/server.h"

namespace sieve {

struct Step {
    std::string name;
    void (*act)(test::ApiServer&);
};

const std::vector<Step>& life();

// The application.
const kube::ObjectKey& shop();

}  // namespace sieve
