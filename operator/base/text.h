// Text from elsewhere, made fit for a message.
//
//   return base::fail("context \"" + name + "\" does not exist");   // name: any bytes at all
//   ... base::oneLine(error.message) ...                            // "context \"a\\nb\" does ..."
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace base {

// Control characters as \n, \r, \t or \xNN: what is printed stays one line, and cannot move the
// cursor of a terminal.
std::string oneLine(std::string_view text);

}  // namespace base
