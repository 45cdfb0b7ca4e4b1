#include "chaos/probe/load.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <optional>

#include "chaos/probe/turns.h"

namespace chaos::probe {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

using Steady = std::chrono::steady_clock;
using Micros = std::chrono::microseconds;

// Beast 1.74 takes the absence of a limit for one of nothing, where the head comes alone.
constexpr auto kNoLimit = std::numeric_limits<uint64_t>::max();

// A body that is read and forgotten: how long it is must not decide how much memory slow answers
// take.
struct Discarded {
    struct value_type {};
    class reader {
      public:
        template <bool isRequest, class Fields>
        reader(http::header<isRequest, Fields>&, value_type&) {}
        void init(const boost::optional<uint64_t>&, beast::error_code& error) { error = {}; }
        template <class Buffers>
        size_t put(const Buffers& buffers, beast::error_code& error) {
            error = {};
            return beast::buffer_bytes(buffers);
        }
        void finish(beast::error_code& error) { error = {}; }
    };
};

struct Connection {
    explicit Connection(asio::io_context& io) : stream(io) {}
    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    bool used = false;  // carried an answer before
};
using ConnectionPtr = std::unique_ptr<Connection>;

Outcome outcomeOf(unsigned status) {
    if (status >= 500) {
        return Outcome::Status5xx;
    }
    return status >= 400 ? Outcome::Status4xx : Outcome::Ok;
}

}  // namespace

struct Load::Impl {
    struct Request;

    Impl(LoadOptions given, Recorder& sink, const base::Clock& time)
        : options(std::move(given)), recorder(sink), clock(time), resolver(io), due(io), tick(io) {
        message.method(http::verb::get);
        message.target(options.path);
        message.set(http::field::host, options.port == 80
                                           ? options.host
                                           : options.host + ":" + std::to_string(options.port));
        message.set(http::field::user_agent, "scalableapp-probe");
    }

    Micros since(Steady::time_point time) const {
        return std::chrono::duration_cast<Micros>(time - start);
    }
    Micros intendedOf(int64_t index) const {
        return Micros(index * 1'000'000 / options.requestsPerSecond);
    }

    void resolve(const std::function<void()>& then = {});
    void schedule();
    void launchDue();
    void noteLateness(Micros now);
    void everySecond();
    void finishWhenDrained();

    LoadOptions options;
    Recorder& recorder;
    const base::Clock& clock;
    asio::io_context io{1};
    tcp::resolver resolver;
    asio::steady_timer due;
    asio::steady_timer tick;
    http::request<http::empty_body> message;
    // Of the last good answer. A name may stand for many pods.
    Turns<tcp::endpoint> addresses;
    std::deque<ConnectionPtr> idle;
    size_t kept = 0;  // kept-alive connections open, idle or busy
    Steady::time_point start;
    int64_t next = 0;
    int64_t inFlight = 0;
    std::atomic<bool> stopped = false;
    bool over = false;
};

// One request from its intended start to its outcome; keeps itself alive through its handlers.
struct Load::Impl::Request : std::enable_shared_from_this<Load::Impl::Request> {
    Request(Impl& owner, int64_t index)
        : load(owner),
          intended(owner.intendedOf(index)),
          deadline(owner.start + intended + owner.options.timeout),
          alone(owner.options.newConnectionEvery > 0 &&
                index % owner.options.newConnectionEvery == 0) {}

    void begin() {
        load.recorder.sent(intended, load.since(Steady::now()) - intended);
        ++load.inFlight;
        if (load.addresses.empty()) {
            finish(Outcome::Resolve);
            return;
        }
        if (!alone) {
            take();
        }
        if (connection) {
            write();
        } else {
            connect();
        }
    }

    void take() {
        if (load.kept < load.options.keptConnections || load.idle.empty()) {
            return;
        }
        connection = std::move(load.idle.front());
        load.idle.pop_front();
    }

    void connect() {
        connection = std::make_unique<Connection>(load.io);
        if (!alone) {
            ++load.kept;
        }
        connection->stream.expires_at(deadline);
        connection->stream.async_connect(load.addresses.next(), [self = shared_from_this()](
                                                                    beast::error_code error,
                                                                    const auto&) {
            if (error) {
                self->drop();
                self->finish(error == beast::error::timeout ? Outcome::Timeout : Outcome::Connect);
                return;
            }
            beast::error_code ignored;
            self->connection->stream.socket().set_option(tcp::no_delay(true), ignored);
            self->write();
        });
    }

    void write() {
        connection->stream.expires_at(deadline);
        message = load.message;
        message.version(11);
        message.keep_alive(!alone);
        http::async_write(connection->stream, message,
                          [self = shared_from_this()](beast::error_code error, size_t) {
                              if (error) {
                                  self->broken(error);
                              } else {
                                  self->read();
                              }
                          });
    }

    void read() {
        parser.emplace();
        parser->body_limit(kNoLimit);  // the deadline is its limit
        http::async_read(connection->stream, connection->buffer, *parser,
                         [self = shared_from_this()](beast::error_code error, size_t) {
                             if (error) {
                                 self->broken(error);
                             } else {
                                 self->answered();
                             }
                         });
    }

    void answered() {
        auto outcome = outcomeOf(parser->get().result_int());
        // More than are to be kept were opened while all were busy.
        if (!alone && parser->keep_alive() && load.kept <= load.options.keptConnections) {
            connection->used = true;
            connection->stream.expires_never();
            load.idle.push_back(std::move(connection));
        } else {
            drop();
        }
        finish(outcome);
    }

    void broken(beast::error_code error) {
        bool stale = connection->used && !reconnected && !(parser && parser->got_some());
        drop();
        if (error == beast::error::timeout) {
            finish(Outcome::Timeout);
        } else if (stale) {
            reconnected = true;
            load.recorder.reconnected(intended);
            connect();
        } else {
            finish(Outcome::Broken);
        }
    }

    void drop() {
        connection.reset();
        if (!alone) {
            --load.kept;
        }
    }

    void finish(Outcome outcome) {
        auto now = Steady::now();
        // Answered, but after the visitor has gone.
        if (outcome == Outcome::Ok && now > deadline) {
            outcome = Outcome::Timeout;
        }
        load.recorder.finished(intended, outcome, load.since(now) - intended);
        --load.inFlight;
        load.finishWhenDrained();
    }

    Impl& load;
    Micros intended;
    Steady::time_point deadline;
    bool alone;
    bool reconnected = false;
    ConnectionPtr connection;
    http::request<http::empty_body> message;

    std::optional<http::response_parser<Discarded>> parser;
};

void Load::Impl::resolve(const std::function<void()>& then) {
    resolver.async_resolve(
        options.host, std::to_string(options.port),
        [this, then](beast::error_code error, tcp::resolver::results_type found) {
            // The last good address stays in use: visitors have caches as well.
            if (!error) {
                addresses.set({found.begin(), found.end()});
            }
            if (then) {
                then();
            }
        });
}

// Whoever wakes first after a pause of the whole process says so, before any second is written and
// whether or not answers were waiting that nobody fetched in time.
void Load::Impl::noteLateness(Micros now) {
    if (!over && now > intendedOf(next)) {
        recorder.late(now - intendedOf(next));
    }
}

void Load::Impl::launchDue() {
    auto now = since(Steady::now());
    noteLateness(now);
    auto end = std::chrono::duration_cast<Micros>(options.duration);
    while (!over) {
        auto intended = intendedOf(next);
        if (intended >= end || stopped) {
            over = true;
            break;
        }
        if (intended > now) {
            schedule();
            return;
        }
        std::make_shared<Request>(*this, next++)->begin();
    }
    finishWhenDrained();
}

void Load::Impl::schedule() {
    due.expires_at(start + intendedOf(next));
    due.async_wait([this](beast::error_code) { launchDue(); });
}

void Load::Impl::everySecond() {
    auto woke = since(Steady::now());
    noteLateness(woke);
    // A second is not over while a request that belongs to it is still to be sent.
    recorder.flush(std::min(woke, intendedOf(next)), clock.wall());
    if (over && inFlight == 0) {
        return;
    }
    resolve();
    auto now = std::chrono::duration_cast<std::chrono::seconds>(since(Steady::now()));
    // A little after the second: answers that are on their way then do not hold the line back.
    tick.expires_at(start + now + std::chrono::milliseconds(1050));
    tick.async_wait([this](beast::error_code error) {
        if (!error) {
            everySecond();
        }
    });
}

void Load::Impl::finishWhenDrained() {
    if (!over || inFlight > 0) {
        return;
    }
    tick.cancel();
    due.cancel();
    resolver.cancel();
    idle.clear();
}

Load::Load(LoadOptions options, Recorder& recorder, const base::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), recorder, clock)) {}
Load::~Load() = default;

void Load::run(const std::function<void(base::WallTime)>& onStart) {
    impl_->resolve([&] {
        impl_->start = Steady::now();
        if (onStart) {
            onStart(impl_->clock.wall());
        }
        impl_->everySecond();
        impl_->launchDue();
    });
    impl_->io.run();
    impl_->recorder.finish(impl_->clock.wall());
}

void Load::stop() {
    impl_->stopped = true;
    asio::post(impl_->io, [this] { impl_->due.cancel(); });
}

}  // namespace chaos::probe
