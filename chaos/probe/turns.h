// All of several equals, each call beginning with the next one: who cannot be reached is followed
// by the others, and nobody is always first.
//
//   Turns<tcp::endpoint> addresses;
//   addresses.set({a, b});
//   addresses.next();   // a, b
//   addresses.next();   // b, a
//
// Thread safety: none; one thread owns it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace chaos::probe {

template <class T>
class Turns {
  public:
    void set(std::vector<T> all) { all_ = std::move(all); }
    bool empty() const { return all_.empty(); }
    // Precondition: not empty.
    std::vector<T> next() {
        auto out = all_;
        auto first = static_cast<std::ptrdiff_t>(turn_++ % out.size());
        std::rotate(out.begin(), out.begin() + first, out.end());
        return out;
    }

  private:
    std::vector<T> all_;
    size_t turn_ = 0;
};

}  // namespace chaos::probe
