// Cuts a stream of bytes into lines, whatever the pieces it arrives in.
//
//   LineSplitter lines(kMaxLine);
//   bool good = lines.feed(bytes, [](std::string_view line) { ... });   // false: a line is too
//   long
//
// A line that lies whole in one piece is handed on without a copy. Thread safety: one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace kube {

class LineSplitter {
  public:
    explicit LineSplitter(size_t maxLine) : maxLine_(maxLine) {}

    // Calls `onLine` with each line that is now complete, without its '\n'; empty lines are left
    // out. False: the line in progress exceeds the limit; nothing more may be fed.
    bool feed(std::string_view bytes, const std::function<void(std::string_view)>& onLine);
    // True in the middle of a line.
    bool unfinished() const { return !tail_.empty(); }

  private:
    size_t maxLine_;
    std::string tail_;
};

}  // namespace kube
