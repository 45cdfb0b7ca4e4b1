// What one probe's process does: visitors at a steady rate, and beside them a lighter load at each
// other place that is looked at, every one with its own connections, seconds and lines.
//
//   probe::Visitors visitors({.url = *parseUrl("http://shop.ns.svc/"), .requestsPerSecond = 100,
//                             .views = {{"web", *parseUrl("http://shop-web.ns.svc:8080/")}}},
//                            [](const std::string& line) { std::cout << line << '\n'; }, clock);
//   visitors.run();   // blocks until the duration is over or stop() is called
//
// A thread for each view: one that is stuck does not delay the visitors.
// Thread safety: stop() from any thread; `write` is called by one thread at a time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "chaos/probe/url.h"

namespace chaos::probe {

struct NamedUrl {
    std::string name{};
    Url url{};
};

struct VisitorOptions {
    Url url{};
    int requestsPerSecond = 100;
    std::vector<NamedUrl> views{};
    int viewRequestsPerSecond = 5;  // at each
    std::chrono::milliseconds timeout{2000};
    std::chrono::milliseconds duration{60000};
};

class Visitors {
  public:
    // `clock` outlives them.
    Visitors(VisitorOptions options, std::function<void(const std::string&)> write,
             const base::Clock& clock);
    ~Visitors();
    Visitors(const Visitors&) = delete;
    Visitors& operator=(const Visitors&) = delete;

    // Every line is out when it returns, the end's included.
    void run();
    void stop();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// The url as it was written.
std::string textOf(const Url& url);

// "NAME=URL"; the error says what is wrong with which part.
base::Result<NamedUrl> parseNamedUrl(const std::string& text);

}  // namespace chaos::probe
