#include "apiserver/http_front.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "apiserver/target.h"

namespace test {
namespace {

using base::Json;
using support::StubReply;
using support::StubRequest;
using Kind = Fault::Kind;

// How often a silent watch looks whether its reader is still there.
constexpr auto kLook = std::chrono::milliseconds(200);

bool isWatch(const StubRequest& request) {
    auto wanted = Target(request.target).option("watch");
    return request.method == "GET" && (wanted == "true" || wanted == "1");
}

void pause(std::stop_token stop, std::chrono::milliseconds time) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::move(stop), time, [] { return false; });
}

void sendInPieces(StubReply& reply, const std::string& text, size_t bytes) {
    for (size_t at = 0; at < text.size(); at += bytes) {
        reply.chunk(std::string_view(text).substr(at, bytes));
    }
}

void breakOff(const std::optional<Fault>& fault, StubReply& reply) {
    if (fault && fault->kind == Kind::CutInLine) {
        reply.chunk(R"({"type":"MODIFIED","object":{"apiVers)");
    }
    if (fault && (fault->kind == Kind::Reset || fault->kind == Kind::ResetStream)) {
        reply.reset();
    } else if (fault && (fault->kind == Kind::Silence || fault->kind == Kind::Stall)) {
        reply.awaitPeerGone();
    } else {
        reply.close();
    }
}

}  // namespace

std::optional<Fault> faultOf(const Json& json) {
    static const std::map<std::string, Kind> kKinds{
        {"Status", Kind::Status},         {"Drop", Kind::Drop},
        {"Reset", Kind::Reset},           {"Silence", Kind::Silence},
        {"LoseAnswer", Kind::LoseAnswer}, {"Delay", Kind::Delay},
        {"CutInLine", Kind::CutInLine},   {"ResetStream", Kind::ResetStream},
        {"Stall", Kind::Stall},           {"Split", Kind::Split},
        {"Duplicate", Kind::Duplicate}};
    auto kind = kKinds.find(base::stringAt(json, "/kind").value_or(""));
    if (kind == kKinds.end()) {
        return std::nullopt;
    }
    auto number = [&](const char* name, int64_t fallback) {
        return base::intAt(json, std::string("/") + name).value_or(fallback);
    };
    return Fault{.kind = kind->second,
                 .times = static_cast<int>(number("times", 1)),
                 .method = base::stringAt(json, "/method").value_or(""),
                 .part = base::stringAt(json, "/part").value_or(""),
                 .status = static_cast<int>(number("status", 500)),
                 .retryAfterSeconds = static_cast<int>(number("retryAfterSeconds", -1)),
                 .lines = static_cast<size_t>(number("lines", 0)),
                 .bytes = static_cast<size_t>(number("bytes", 1)),
                 .delay = std::chrono::milliseconds(number("delayMilliseconds", 0))};
}

HttpFront::HttpFront(std::shared_ptr<ApiServer> server, Log log,
                     std::optional<support::StubTls> tls)
    : server_(std::move(server)), log_(std::move(log)) {
    stub_ = std::make_unique<support::HttpStub>(
        [this](const StubRequest& request, StubReply& reply) { handle(request, reply); },
        std::move(tls));
}

HttpFront::~HttpFront() {
    stop_.request_stop();
}

std::string HttpFront::kubeconfig() const {
    return Json{
        {"apiVersion", "v1"},
        {"kind", "Config"},
        {"current-context", "test"},
        {"clusters", {{{"name", "test"}, {"cluster", {{"server", url()}}}}}},
        {"users", {{{"name", "test"}, {"user", Json::object()}}}},
        {"contexts",
         {{{"name", "test"},
           {"context", {{"cluster", "test"}, {"user", "test"}, {"namespace", "default"}}}}}}}
        .dump();
}

void HttpFront::handle(const StubRequest& stubRequest, StubReply& reply) {
    if (stubRequest.target.starts_with("/control/")) {
        control(stubRequest, reply);
        return;
    }
    kube::HttpRequest request{.method = stubRequest.method,
                              .target = stubRequest.target,
                              .contentType = stubRequest.header("content-type"),
                              .body = stubRequest.body};
    ApiServer::Opened opened;
    if (isWatch(stubRequest)) {
        opened = server_->open(request);
    } else {
        opened.exchange = server_->exchange(request);
    }
    const auto& response = opened.exchange.response;
    if (log_) {
        log_(request.method, request.target,
             opened.watch != nullptr ? 200
             : response              ? response->status
                                     : 0);
    }
    if (opened.watch != nullptr) {
        serveWatch(*opened.watch, reply);
    } else {
        answer(opened.exchange, reply);
    }
}

void HttpFront::answer(const ApiServer::Exchange& exchange, StubReply& reply) {
    if (!exchange.response) {
        breakOff(exchange.fault, reply);
        return;
    }
    if (exchange.fault && exchange.fault->kind == Kind::Delay) {
        pause(stop_.get_token(), exchange.fault->delay);
    }
    StubReply::Headers headers;
    if (!exchange.response->retryAfter.empty()) {
        headers.emplace_back("Retry-After", exchange.response->retryAfter);
    }
    reply.send(exchange.response->status, exchange.response->body, headers);
}

void HttpFront::serveWatch(WatchHandle& watch, StubReply& reply) {
    auto fault = watch.fault();
    reply.begin();
    while (!stop_.stop_requested() && !reply.peerGone()) {
        for (auto& line : watch.take()) {
            line += '\n';
            bool split = fault && fault->kind == Kind::Split;
            sendInPieces(reply, line, split ? fault->bytes : line.size());
        }
        if (watch.ended()) {
            if (watch.error()) {
                breakOff(fault, reply);
            } else {
                reply.end();
            }
            return;
        }
        watch.wait(stop_.get_token(), kLook);
    }
    reply.close();
}

void HttpFront::control(const StubRequest& request, StubReply& reply) {
    auto verb = request.target.substr(std::string("/control/").size());
    auto body = base::parseJson(request.body.empty() ? "{}" : request.body);
    bool known = true;
    if (verb == "compact") {
        server_->compact();
    } else if (verb == "cut") {
        server_->cutWatches();
    } else if (verb == "bookmark") {
        server_->bookmark();
    } else if (verb == "freeze" && body) {
        auto version = base::intAt(*body, "/version");
        server_->freeze(version ? std::optional(static_cast<uint64_t>(*version)) : std::nullopt);
    } else if (auto fault = verb == "inject" && body ? faultOf(*body) : std::nullopt) {
        server_->inject(*fault);
    } else {
        known = false;
    }
    reply.send(known ? 200 : 400, known ? "{}" : R"({"message":"no such control"})");
}

}  // namespace test
