// How this pod misbehaves because somebody asked it to, and what it has met: for trying out what
// stands before it (circuit breaker, bulkhead, retries, balancing).
//
//   shop::Trouble trouble;
//   trouble.set("errors=60&delay=200");   // POST /trouble?errors=60&delay=200
//   shop::Trouble::Visit visit(trouble);  // a request is here
//   wait(trouble.delay());
//   answer(visit.fails() ? 500 : 200);
//   trouble.counts();                     // GET /counts: {"requests":1,"mostAtOnce":1}
//
// Errors are spread evenly: of five requests with errors=60 exactly three fail. Thread safety:
// none; the server's thread only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "shop/routes.h"

namespace shop {

class Trouble {
  public:
    // Both from now on; what is not named ends. Or 400, and nothing has changed.
    Response set(std::string_view query);
    // All that came so far, and how many were here at once since this was last asked.
    Response counts();
    std::chrono::milliseconds delay() const { return delay_; }

    class Visit {
      public:
        explicit Visit(Trouble& trouble);
        ~Visit();
        Visit(const Visit&) = delete;
        Visit& operator=(const Visit&) = delete;
        bool fails() const { return fails_; }

      private:
        Trouble& trouble_;
        bool fails_;
    };

  private:
    bool nextFails();

    int errorPercent_ = 0;
    int owed_ = 0;  // hundredths of an error
    std::chrono::milliseconds delay_{0};
    int64_t requests_ = 0;
    int64_t atOnce_ = 0;
    int64_t mostAtOnce_ = 0;
};

}  // namespace shop
