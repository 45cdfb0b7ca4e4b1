#include "chaos/probe/visitors.h"

#include <mutex>
#include <thread>

#include "chaos/probe/load.h"
#include "chaos/probe/recorder.h"
#include "chaos/probe/samples.h"

namespace chaos::probe {

struct Visitors::Impl {
    // One place: its load, and what becomes of its seconds.
    struct One {
        One(Impl& owner, std::string view, const Url& url, int rate)
            : all(owner),
              name(std::move(view)),
              header{.startedAt = {},
                     .target = textOf(url),
                     .requestsPerSecond = rate,
                     .timeout = owner.options.timeout},
              recorder([this](const Second& second) { all.say(writeSecond(second, name)); }),
              load({.host = url.host,
                    .port = url.port,
                    .path = url.path,
                    .requestsPerSecond = rate,
                    .timeout = owner.options.timeout,
                    .duration = owner.options.duration},
                   recorder, owner.clock) {}

        void run() {
            load.run([this](base::WallTime startedAt) {
                header.startedAt = startedAt;
                all.say(writeHeader(header, name));
            });
        }

        Impl& all;
        std::string name;  // empty: the visitors
        Header header;
        Recorder recorder;
        Load load;
    };

    Impl(VisitorOptions given, std::function<void(const std::string&)> sink,
         const base::Clock& time)
        : options(std::move(given)),
          write(std::move(sink)),
          clock(time),
          visitors(*this, "", options.url, options.requestsPerSecond) {
        for (const auto& view : options.views) {
            views.push_back(
                std::make_unique<One>(*this, view.name, view.url, options.viewRequestsPerSecond));
        }
    }

    void say(const std::string& line) {
        std::lock_guard lock(mutex);
        write(line);
    }

    VisitorOptions options;
    std::function<void(const std::string&)> write;
    const base::Clock& clock;
    std::mutex mutex;
    One visitors;
    std::vector<std::unique_ptr<One>> views;
};

Visitors::Visitors(VisitorOptions options, std::function<void(const std::string&)> write,
                   const base::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(write), clock)) {}
Visitors::~Visitors() = default;

void Visitors::run() {
    std::vector<std::string> names;
    for (const auto& view : impl_->views) {
        names.push_back(view->name);
    }
    if (!names.empty()) {
        impl_->say(writeViews(names));
    }
    {
        std::vector<std::jthread> threads;
        for (auto& view : impl_->views) {
            threads.emplace_back([&view] { view->run(); });
        }
        impl_->visitors.run();
        for (auto& view : impl_->views) {
            view->load.stop();
        }
    }
    impl_->say(writeEnd("Finished"));
}

void Visitors::stop() {
    for (auto& view : impl_->views) {
        view->load.stop();
    }
    impl_->visitors.load.stop();
}

std::string textOf(const Url& url) {
    auto port = url.port == 80 ? "" : ":" + std::to_string(url.port);
    return "http://" + url.host + port + url.path;
}

base::Result<NamedUrl> parseNamedUrl(const std::string& text) {
    auto equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
        return base::fail("\"" + text + "\" is not NAME=URL: web=http://shop-web.shop.svc:8080/");
    }
    auto url = parseUrl(std::string_view(text).substr(equals + 1));
    if (!url) {
        return base::failWith(url.error());
    }
    return NamedUrl{text.substr(0, equals), *url};
}

}  // namespace chaos::probe
