#include "simulation/network.h"

#include <optional>
#include <utility>
#include <vector>

#include "apiserver/target.h"
#include "simulation/kinds.h"

namespace simulation {
namespace {

using namespace std::chrono_literals;
using kube::ErrorKind;

kube::ApiError error(ErrorKind kind, const char* message, int status = 0) {
    kube::ApiError out;
    out.kind = kind;
    out.httpStatus = status;
    out.message = message;
    return out;
}

kube::ApiError cancelled() {
    return error(ErrorKind::Cancelled, "cancelled");
}

bool mutates(const kube::HttpRequest& request) {
    return request.method != "GET";
}

std::string shortened(const kube::HttpRequest& request) {
    return request.method + " " + request.target.substr(0, request.target.find("fieldManager"));
}

}  // namespace

Faults Faults::drawn(World& world) {
    auto some = [&](double most) { return world.chance(0.4) ? most * world.fraction() : 0; };
    return {.slow = some(0.2),
            .refused = some(0.15),
            .busy = some(0.2),
            .failed = some(0.15),
            .lostAnswer = some(0.25),
            .lateAnswer = some(0.15),
            .cut = some(0.9),
            .stall = some(0.5),
            .halfOpen = some(0.05),
            .repeat = some(0.3),
            .errorLine = some(0.4)};
}

// --- the server's end

std::string Network::holder() const {
    auto found = server_.find(kLeases, lease);
    return found ? base::stringAt(*found, "/spec/holderIdentity").value_or("") : "";
}

kube::ApiResult<kube::HttpResponse> Network::arrive(const std::string& who,
                                                    const Intention& intention,
                                                    const kube::HttpRequest& request) {
    auto version = server_.version();
    if (mutates(request)) {
        check(who, intention, request);
    }
    auto answer = server_.send(request, {});
    bool applied = server_.version() != version;
    if (mutates(request)) {
        world_.trace(who + " " + shortened(request) + " -> " +
                     std::to_string(answer ? answer->status : 0) +
                     (applied ? " @" + server_.version() : " nothing new"));
        if (request.target.find("/leases") == std::string::npos) {
            ++writes_;
            if (onWrite) {
                onWrite();
            }
        }
    }
    if (applied) {
        changed();
    }
    return answer;
}

void Network::check(const std::string& who, const Intention& intention,
                    const kube::HttpRequest& request) {
    if (request.target.find("/leases") != std::string::npos) {
        return;
    }
    if (!lease.name.empty() && holder() != intention.identity) {
        world_.violated("a write without the lease: " + who + " " + shortened(request) +
                        " while it is \"" + holder() + "\"'s");
    }
    if (request.method != "DELETE") {
        return;
    }
    test::Target target(request.target);
    auto there = server_.find(kChildren, target.key);
    auto body = base::parseJson(request.body);
    auto uid = there ? base::stringAt(*there, "/metadata/uid").value_or("") : "";
    auto guard = body ? base::stringAt(*body, "/preconditions/uid") : std::nullopt;
    auto meant = intention.deleting.find(target.key.str());
    bool would = there && (!guard || *guard == uid);
    if (would && (meant == intention.deleting.end() || meant->second != uid)) {
        world_.violated("a delete of another object than was meant: " + target.key.str() +
                        " is now " + uid);
    }
}

// --- requests

// What becomes of one request; shared with the calls that are on their way.
struct Wire::Pending {
    std::optional<kube::ApiResult<kube::HttpResponse>> answer;
    bool forgotten = false;  // the connection was closed before it arrived
};

World::Duration Wire::way() const {
    auto& world = network_.world();
    return world.chance(network_.faults.slow) ? world.between(100ms, kLongestWay)
                                              : world.between(1ms, 20ms);
}

kube::ApiResult<kube::HttpResponse> Wire::send(const kube::HttpRequest& request,
                                               std::stop_token stop) {
    auto& world = network_.world();
    const auto faults = network_.faults;
    auto pending = std::make_shared<Pending>();
    auto settle = [&world, pending](World::Duration back,
                                    kube::ApiResult<kube::HttpResponse> what) {
        world.later(back, [pending, what = std::move(what)]() mutable {
            pending->answer = std::move(what);
        });
    };
    auto broken = [] { return error(ErrorKind::Unreachable, "connection reset"); };
    auto back = way();
    world.later(way(), [&network = network_, who = who_, intention = intention_, &world, pending,
                        faults, request, settle, broken, back] {
        if (pending->forgotten) {
            return;
        }
        if (network.outage || world.chance(faults.refused)) {
            return settle(back, base::failWith(broken()));
        }
        if (world.chance(faults.busy)) {
            return settle(back, world.chance(0.5)
                                    ? test::refusal(429, "TooManyRequests", "too many requests")
                                    : test::refusal(503, "ServiceUnavailable", "not now"));
        }
        if (world.chance(faults.failed)) {
            return settle(back, test::refusal(500, "InternalError", "etcd leader changed"));
        }
        auto answer = network.arrive(who, *intention, request);
        if (world.chance(faults.lostAnswer)) {
            world.trace(who + " is not told");
            return settle(back, base::failWith(broken()));
        }
        if (world.chance(faults.lateAnswer)) {
            world.trace(who + " is told that it took too long");
            return settle(back, test::refusal(504, "Timeout", "request timed out"));
        }
        settle(back, std::move(answer));
    });
    auto deadline = world.steady() + request.timeout;
    world.wait([&] { return pending->answer.has_value() || stop.stop_requested(); }, deadline);
    if (pending->answer) {
        return *pending->answer;
    }
    // Closing a connection overtakes what was sent over it, or not.
    pending->forgotten = world.chance(0.5);
    return base::failWith(stop.stop_requested() ? cancelled()
                                                : error(ErrorKind::Timeout, "no answer in time"));
}

// --- watches

struct Wire::Life {
    base::SteadyTime opens;                 // nothing comes before
    base::SteadyTime ends;                  // by the server or by a fault
    std::optional<kube::ApiError> failure;  // how; nothing: as by the server's time limit
    std::string lastWords;                  // a line that nobody expects
};

Wire::Life Wire::drawLife(const kube::HttpRequest& request) {
    auto& world = network_.world();
    const auto& faults = network_.faults;
    auto now = world.steady();
    Life life{.opens = now, .ends = now + 290s, .failure = {}, .lastWords = ""};
    if (world.chance(faults.halfOpen)) {
        life.opens = life.ends = now + request.timeout;
        life.failure = error(ErrorKind::Timeout, "silent for too long");
        return life;
    }
    if (world.chance(faults.stall)) {
        life.opens = now + world.between(1s, 40s);
    }
    if (world.chance(faults.cut)) {
        life.ends = now + world.between(0ms, 20s);
        if (world.chance(0.5)) {
            life.failure = error(ErrorKind::Unreachable, "connection reset");
        }
    } else if (world.chance(faults.errorLine)) {
        static const std::vector<std::string> kLastWords{
            R"({"type":"ERROR","object":{"kind":"Status","code":429,"reason":"TooManyRequests"}})",
            R"({"type":"ERROR","object":{"kind":"Status","code":500,"reason":"InternalError"}})",
            R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}})",
            "<html>"};
        life.ends = now + world.between(0ms, 20s);
        life.lastWords = kLastWords[world.below(kLastWords.size())];
    }
    return life;
}

kube::ApiResult<void> Wire::stream(const kube::HttpRequest& request, const LineHandler& onLine,
                                   std::stop_token stop) {
    auto& world = network_.world();
    const auto faults = network_.faults;
    bool initial = request.target.find("sendInitialEvents") != std::string::npos;
    world.wait([&] { return stop.stop_requested(); }, world.steady() + way());
    if (stop.stop_requested()) {
        return base::failWith(cancelled());
    }
    if (network_.outage || world.chance(faults.refused)) {
        return base::failWith(error(ErrorKind::Unreachable, "connection refused"));
    }
    if (world.chance(faults.busy)) {
        return base::failWith(error(ErrorKind::TooManyRequests, "too many requests", 429));
    }
    if (!streamedLists_ && initial) {
        return base::failWith(error(ErrorKind::Invalid, "sendInitialEvents: forbidden", 422));
    }
    auto watch = network_.server().openWatch(request.target);
    if (!watch) {
        return base::failWith(watch.error());
    }
    auto life = drawLife(request);
    auto result = follow(**watch, life, onLine, stop);
    world.trace(who_ + " watch ended: " + (result ? "as planned" : result.error().str()));
    return result;
}

kube::ApiResult<void> Wire::follow(test::WatchHandle& watch, const Life& life,
                                   const LineHandler& onLine, const std::stop_token& stop) {
    auto& world = network_.world();
    auto over = [&, cuts = network_.cuts()] {
        return stop.stop_requested() || network_.outage || network_.cuts() != cuts ||
               world.steady() >= life.ends;
    };
    world.wait(over, life.opens);
    while (!over()) {
        auto seen = network_.changes();
        // A busy server writes several events at once, an idle one each by itself.
        auto lines = watch.take(1 + world.below(4));
        for (const auto& line : lines) {
            deliver(line, onLine, stop);
        }
        if (!lines.empty()) {
            continue;
        }
        if (watch.ended()) {
            auto failure = watch.error();
            return failure ? kube::ApiResult<void>(base::failWith(*failure))
                           : kube::ApiResult<void>();
        }
        world.wait([&] { return over() || network_.changes() != seen; }, life.ends);
        world.wait(over, world.steady() + way());
    }
    if (stop.stop_requested()) {
        return base::failWith(cancelled());
    }
    if (network_.outage) {
        return base::failWith(error(ErrorKind::Unreachable, "connection reset"));
    }
    if (!life.lastWords.empty()) {
        onLine(life.lastWords);
    }
    return life.failure ? kube::ApiResult<void>(base::failWith(*life.failure))
                        : kube::ApiResult<void>();
}

void Wire::deliver(const std::string& line, const LineHandler& onLine,
                   const std::stop_token& stop) {
    if (lost_ && lost_(line)) {
        return;
    }
    auto& world = network_.world();
    int times = world.chance(network_.faults.repeat) ? 2 : 1;
    for (int i = 0; i < times && !stop.stop_requested(); ++i) {
        onLine(line);
        world.wait({}, world.steady());
    }
}

}  // namespace simulation
