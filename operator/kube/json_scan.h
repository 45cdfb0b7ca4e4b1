// Finds the parts of a JSON text without building anything: for cutting lists and watch events into
// the texts of their objects.
//
//   scanObject(text, [&](std::string_view key, std::string_view value) { ...; return true; });
//
// It follows strings and nesting only; the parts are checked when they are parsed themselves.
// Thread safety: pure functions.
#pragma once

#include <functional>
#include <string_view>

namespace kube {

// Calls `onField` with each key (raw, without its quotes) and raw value of the outermost object.
// False: the text is no object, is cut off, or `onField` said false.
bool scanObject(std::string_view text,
                const std::function<bool(std::string_view key, std::string_view value)>& onField);

// The same for the elements of the outermost array.
bool scanArray(std::string_view text, const std::function<bool(std::string_view value)>& onElement);

}  // namespace kube
