// The words that the parts of an edge's configuration share.
//
//   std::string text = nginx::upstream("a", nginx::member("a")) + nginx::inner("a", rules);
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/nginx.h"

namespace plan::nginx {

std::string number(int64_t value);
std::string lower(std::string text);

// The unix socket of one of this nginx's own servers.
std::string socketOf(const std::string& name);
std::string upstream(const std::string& name, const std::string& servers);
std::string member(const std::string& name, const char* more = "");
// A server on the socket of that name.
std::string inner(const std::string& name, const std::string& body);

// Counts the request where `condition` names a variable that is set; empty: always.
std::string tally(const char* name, const char* condition);
// Who asked, for whom is asked.
std::string forwarded();

// The rules of what is kept: what makes another answer, for how long, for whom.
std::string queryMaps(const api::Cdn& cdn);
std::string pathMaps(const api::Cdn& cdn, const api::CdnPath& path, const std::string& index);
// What all rules share: it is inherited, so that a long list of them stays short.
std::string keptCommon();
std::string keptLocation(const NginxModel& model, const api::CdnPath& path,
                         const std::string& index);
// The server that fetches for a rule.
std::string pathServer(const NginxModel& model, const std::string& index);

// The way to the origins, from the one of this index on, and to one of them.
std::string stepOf(const std::vector<api::CdnOrigin>& origins, size_t index);
std::string originServer(const NginxModel& model, const api::CdnOrigin& origin);

}  // namespace plan::nginx
