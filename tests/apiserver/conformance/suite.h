// What an API server has to do, as cases that run against any: the one in memory, the same over
// HTTP, a real one.
//
//   for (const auto& one : conformance::cases()) {
//       conformance::Subject subject(transport, "some-namespace");
//       one.run(subject);          // EXPECT and ASSERT inside
//   }
//
// A new case is a function `void name(Subject&)` and its name in the list at the end of its file.
// Each runs in a namespace of its own. Thread safety: one thread.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/json.h"
#include "kube/transport.h"

namespace conformance {

struct Answer {
    int status = 0;
    base::Json body;
    std::string retryAfter;

    std::string text(const char* pointer) const;
    std::string version() const { return text("/metadata/resourceVersion"); }
    std::string uid() const { return text("/metadata/uid"); }
    int64_t generation() const;
};

// The path of an object or a collection of this namespace.
struct Kind {
    std::string prefix;  // "/api/v1", "/apis/apps/v1"
    std::string plural;
    std::string apiVersion;
    std::string kind;
};
extern const Kind kMaps;
extern const Kind kDeployments;
extern const Kind kServices;
extern const Kind kLeases;
extern const Kind kEvents;
extern const Kind kPods;

class Subject {
  public:
    Subject(std::shared_ptr<kube::Transport> transport, std::string ns)
        : transport_(std::move(transport)), namespace_(std::move(ns)) {}

    const std::string& ns() const { return namespace_; }
    // How long a watch that should have ended goes on; a server far away gets more.
    int patienceSeconds = 2;
    // Makes versions until now too old; empty where nobody can.
    std::function<void()> compact{};

    std::string path(const Kind& kind, const std::string& name = "",
                     const std::string& query = "") const;
    Answer send(const std::string& method, const std::string& path, const base::Json& body = {},
                const std::string& contentType = "application/json");

    Answer get(const Kind& kind, const std::string& name);
    Answer list(const Kind& kind, const std::string& query = "");
    Answer create(const Kind& kind, const base::Json& object);
    Answer update(const Kind& kind, const base::Json& object, const std::string& manager = "user");
    Answer merge(const Kind& kind, const std::string& name, const base::Json& patch,
                 const std::string& manager = "user");
    Answer apply(const Kind& kind, const base::Json& object, const std::string& manager,
                 bool force = false, const std::string& subresource = "");
    Answer remove(const Kind& kind, const std::string& name, const base::Json& options = {});
    // The events of a watch: until `count` came or `until` holds for one, the server ended it, or
    // patience did. Bookmarks count when they end the initial events.
    std::vector<base::Json> watch(const Kind& kind, const std::string& query, size_t count);

    // The status with which a watch begins; 200: it was accepted.
    int watchStatus(const Kind& kind, const std::string& query);

    // An object of this namespace.
    base::Json object(const Kind& kind, const std::string& name,
                      const base::Json& more = base::Json::object()) const;
    base::Json map(const std::string& name, const std::string& value,
                   const base::Json& labels = base::Json::object()) const;
    base::Json deployment(const std::string& name) const;
    base::Json service(const std::string& name) const;
    // One that no node takes.
    base::Json pod(const std::string& name, const base::Json& resources) const;
    // The newest version of that kind's collection.
    std::string version(const Kind& kind = kMaps);
    // Looks again until it holds, 20 s at most.
    bool eventually(const std::function<bool()>& check);

  private:
    std::shared_ptr<kube::Transport> transport_;
    std::string namespace_;
};

struct Case {
    const char* name;
    void (*run)(Subject&);
};
std::vector<Case> cases();
// As a parameter of a test.
void PrintTo(const Case& one, std::ostream* out);

// Equal whatever the order of fields.
nlohmann::json sorted(const base::Json& value);

// "ADDED a" of a watch event.
std::string brief(const base::Json& event);
std::vector<std::string> briefs(const std::vector<base::Json>& events);
// The names of a list's items.
std::vector<std::string> names(const Answer& list);
// The fields that the manager owns by that operation; null: none.
base::Json owned(const base::Json& object, const std::string& manager,
                 const std::string& operation = "Apply", const std::string& subresource = "");

// One per file of cases.
std::vector<Case> objectCases();
std::vector<Case> listCases();
std::vector<Case> watchCases();
std::vector<Case> applyCases();
std::vector<Case> deleteCases();

}  // namespace conformance
