// What goes wrong, and when.
#include "apiserver/faults.h"

#include <map>
#include <utility>

#include "apiserver/server.h"
#include "apiserver/target.h"

namespace test {
namespace {

std::string reasonOf(int status) {
    static const std::map<int, std::string> kReasons{
        {400, "BadRequest"},    {401, "Unauthorized"},
        {403, "Forbidden"},     {404, "NotFound"},
        {409, "Conflict"},      {410, "Expired"},
        {422, "Invalid"},       {429, "TooManyRequests"},
        {500, "InternalError"}, {503, "ServiceUnavailable"},
        {504, "Timeout"}};
    auto it = kReasons.find(status);
    return it == kReasons.end() ? "" : it->second;
}

kube::ApiError without(kube::ErrorKind kind, const char* message) {
    kube::ApiError error;
    error.kind = kind;
    error.message = message;
    return error;
}

}  // namespace

void ApiServer::onRequest(Intercept intercept) {
    std::lock_guard lock(mutex_);
    intercept_ = std::move(intercept);
}

void ApiServer::inject(const Fault& fault) {
    std::lock_guard lock(mutex_);
    faults_.push_back(fault);
}

void ApiServer::failNext(int times, const std::string& method, const std::string& part, int status,
                         int retryAfterSeconds) {
    inject({.kind = Fault::Kind::Status,
            .times = times,
            .method = method,
            .part = part,
            .status = status,
            .retryAfterSeconds = retryAfterSeconds});
}

void ApiServer::setReachable(bool reachable) {
    std::lock_guard lock(mutex_);
    reachable_ = reachable;
    pumpAll();
    changed_.notify_all();
}

void ApiServer::cutWatches() {
    std::lock_guard lock(mutex_);
    ++cuts_;
    changed_.notify_all();
}

void ApiServer::compact() {
    std::lock_guard lock(mutex_);
    // Open watches have been sent what they read later.
    pumpAll();
    storage_.compact();
}

void ApiServer::bookmark() {
    std::lock_guard lock(mutex_);
    ++bookmarks_;
    changed_.notify_all();
}

void ApiServer::say(const std::string& part, const std::string& line) {
    std::lock_guard lock(mutex_);
    raw_.emplace_back(part, line);
    changed_.notify_all();
}

void ApiServer::hide(const std::string& plural) {
    std::lock_guard lock(mutex_);
    hidden_.insert(plural);
}

void ApiServer::setStreamedLists(bool supported) {
    std::lock_guard lock(mutex_);
    streamedLists_ = supported;
}

void ApiServer::freeze(std::optional<uint64_t> version, std::vector<std::string> parts) {
    std::lock_guard lock(mutex_);
    frozen_ = version;
    frozenParts_ = std::move(parts);
    changed_.notify_all();
}

void ApiServer::mute(bool muted) {
    std::lock_guard lock(mutex_);
    storage_.setSilent(muted);
}

void ApiServer::plant(Defect defect) {
    std::lock_guard lock(mutex_);
    defect_ = defect;
}

void ApiServer::afterMutation(std::function<void(size_t count)> hook) {
    std::lock_guard lock(mutex_);
    afterMutation_ = std::move(hook);
    mutationCount_ = 0;
}

std::optional<Fault> ApiServer::takeFault(const kube::HttpRequest& request, bool stream) {
    for (auto& fault : faults_) {
        if (fault.times != 0 && fault.ofStream() == stream &&
            (fault.method.empty() || fault.method == request.method) &&
            request.target.find(fault.part) != std::string::npos) {
            --fault.times;
            return fault;
        }
    }
    return std::nullopt;
}

std::optional<ApiServer::Exchange> ApiServer::intercepted(const kube::HttpRequest& request,
                                                          bool watch) {
    Intercept intercept;
    {
        std::lock_guard lock(mutex_);
        intercept = intercept_;
    }
    auto instead = intercept ? intercept(request) : std::nullopt;
    if (!instead) {
        return std::nullopt;
    }
    std::lock_guard lock(mutex_);
    note(request, instead->ok() ? (*instead)->status : 0, watch);
    if (instead->ok()) {
        return Exchange{.response = std::move(**instead)};
    }
    return Exchange{.error = instead->error(), .fault = Fault{.kind = Fault::Kind::Drop}};
}

// A fault in place of the server's work; one that lets it work is left in `fault`.
std::optional<ApiServer::Exchange> ApiServer::interfere(const kube::HttpRequest& request,
                                                        bool watch, std::optional<Fault>& fault) {
    using Kind = Fault::Kind;
    if (!reachable_) {
        note(request, 0, watch);
        return Exchange{.error = without(kube::ErrorKind::Unreachable, "connection refused"),
                        .fault = Fault{.kind = Kind::Drop}};
    }
    fault = takeFault(request, false);
    if (!fault || fault->kind == Kind::LoseAnswer || fault->kind == Kind::Delay) {
        return std::nullopt;
    }
    if (fault->kind == Kind::Status) {
        auto response = refusal(fault->status, reasonOf(fault->status), "injected");
        if (fault->retryAfterSeconds >= 0) {
            response.retryAfter = std::to_string(fault->retryAfterSeconds);
        }
        note(request, response.status, watch);
        return Exchange{.response = std::move(response)};
    }
    note(request, 0, watch);
    bool silent = fault->kind == Kind::Silence;
    return Exchange{.error = silent ? without(kube::ErrorKind::Timeout, "no answer in time")
                                    : without(kube::ErrorKind::Unreachable, "the connection broke"),
                    .fault = fault};
}

ApiServer::Exchange ApiServer::exchange(const kube::HttpRequest& request) {
    if (auto instead = intercepted(request, false)) {
        return std::move(*instead);
    }
    std::lock_guard lock(mutex_);
    std::optional<Fault> fault;
    if (auto instead = interfere(request, false, fault)) {
        return std::move(*instead);
    }
    const Target target(request.target);
    auto response = answer(request, target);
    bool changing = request.method != "GET" && response.status < 300 && target.plural != "leases";
    note(request, response.status, false);
    if (changing) {
        ++mutationCount_;
        if (afterMutation_) {
            afterMutation_(mutationCount_);
        }
    }
    if (fault && fault->kind == Fault::Kind::LoseAnswer) {
        return {.error = without(kube::ErrorKind::Unreachable, "the connection broke"),
                .fault = fault};
    }
    return {.response = std::move(response), .fault = fault};
}

}  // namespace test
