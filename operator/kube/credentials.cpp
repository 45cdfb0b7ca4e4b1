#include "kube/credentials.h"

#include "kube/encoding.h"

namespace kube {
namespace {

constexpr auto kTokenAge = std::chrono::minutes(1);
constexpr auto kExpiryMargin = std::chrono::seconds(10);

// Half of a pair; nothing where one is wanted is a file that is being written.
base::Result<std::string> half(const char* what, const Material& material) {
    auto text = readMaterial(material);
    if (!text) {
        return base::fail(std::string(what) + " " + text.error().message);
    }
    if (text->empty()) {
        return base::fail(std::string(what) + (material.file.empty() ? "" : " " + material.file) +
                          " is empty");
    }
    return text;
}

}  // namespace

base::Result<std::string> readMaterial(const Material& material) {
    if (!material.data.empty() || material.file.empty()) {
        return material.data;
    }
    auto content = readFile(material.file);
    if (!content) {
        return base::fail(material.file + " cannot be read: " + content.error().message);
    }
    return content;
}

Credentials::Credentials(const ClusterConfig& config, const base::Clock& clock)
    : config_(config), clock_(clock) {}

base::Result<std::string> Credentials::bearer(std::stop_token stop) {
    if (!config_.token.file.empty()) {
        const std::lock_guard lock(mutex_);
        return fileToken();
    }
    if (!config_.token.data.empty() || config_.exec.command.empty()) {
        return config_.token.data;
    }
    return execToken(stop);
}

base::Result<std::string> Credentials::fileToken() {
    if (fileTokenUntil_ && clock_.steady() < *fileTokenUntil_) {
        return fileToken_;
    }
    auto content = readFile(config_.token.file);
    std::string fresh(trim(content.valueOr("")));
    // A rotation in progress: the old token is good for longer than the file is away, or empty.
    if (fresh.empty() && fileToken_.empty()) {
        return base::fail("token file " + config_.token.file +
                          (content ? " is empty" : " cannot be read: " + content.error().message));
    }
    if (!fresh.empty()) {
        fileToken_ = std::move(fresh);
    }
    fileTokenUntil_ = clock_.steady() + kTokenAge;
    return fileToken_;
}

bool Credentials::execFresh() const {
    return exec_ && !execRefused_ &&
           (!exec_->expires || clock_.wall() + kExpiryMargin < *exec_->expires);
}

// One run at a time; whoever waits for it takes its outcome, or tries itself when it failed.
base::Result<std::string> Credentials::execToken(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!execDone_.wait(lock, stop, [this] { return !execRuns_; })) {
        return base::fail("exec plug-in " + config_.exec.command + " was stopped");
    }
    if (!execFresh()) {
        execRuns_ = true;
        lock.unlock();
        auto made = runExecPlugin(config_.exec, config_, stop);
        lock.lock();
        execRuns_ = false;
        execDone_.notify_all();
        if (!made) {
            return base::fail(made.error().message);
        }
        exec_ = std::move(made).value();
        execRefused_ = false;
    }
    return exec_->token;
}

void Credentials::refuse(const std::string& token) {
    const std::lock_guard lock(mutex_);
    if (fileToken_ == token) {
        fileTokenUntil_.reset();
    }
    if (exec_ && exec_->token == token) {
        execRefused_ = true;
    }
}

base::Result<KeyPair> Credentials::keyPair() {
    const std::lock_guard lock(mutex_);
    if (!config_.clientCertificate.empty()) {
        auto certificate = half("client certificate", config_.clientCertificate);
        if (!certificate) {
            return base::fail(certificate.error().message);
        }
        auto key = half("client key", config_.clientKey);
        if (!key) {
            return base::fail(key.error().message);
        }
        return KeyPair{*certificate, *key};
    }
    // What bearer() fetched just before is enough: no program is started on a thread of the
    // library.
    return exec_ ? KeyPair{exec_->clientCertificate, exec_->clientKey} : KeyPair{};
}

}  // namespace kube
