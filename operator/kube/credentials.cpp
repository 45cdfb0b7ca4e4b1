#include "kube/credentials.h"

#include <algorithm>
#include <utility>

#include "kube/encoding.h"

namespace kube {
namespace {

constexpr auto kTokenAge = std::chrono::minutes(1);
constexpr auto kExpiryMargin = std::chrono::seconds(10);
// A plug-in has its whole time before anybody has to wait for it.
constexpr std::chrono::milliseconds kExecLimit = std::chrono::seconds(60);
constexpr auto kRenewMargin = kExpiryMargin + kExecLimit;
constexpr auto kRenewAgain = std::chrono::seconds(5);

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

base::Result<std::string> Credentials::bearer(std::stop_token stop,
                                              std::chrono::milliseconds patience) {
    if (!config_.token.file.empty()) {
        const std::lock_guard lock(mutex_);
        return fileToken();
    }
    if (!config_.token.data.empty() || config_.exec.command.empty()) {
        return config_.token.data;
    }
    return execToken(stop, patience);
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

// Still good, and the next one should be fetched.
bool Credentials::execAges() const {
    return exec_->expires && execRenewAt_ <= clock_.wall();
}

base::Result<std::string> Credentials::execToken(const std::stop_token& stop,
                                                 std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (execFresh()) {
        if (execAges()) {
            startExec();
        }
        return exec_->token;
    }
    startExec();
    if (!execDone_.wait_for(lock, stop, patience,
                            [this, mine = execBegun_] { return execEnded_ >= mine; })) {
        return base::fail("exec plug-in " + config_.exec.command +
                          (stop.stop_requested() ? " was not waited for: the call was stopped"
                                                 : " has given no credential yet"));
    }
    // A plug-in's credential that has run out already is for the server to judge.
    if (execFresh() || execFailure_.empty()) {
        return exec_->token;
    }
    return base::fail(execFailure_);
}

// Unless it runs already.
void Credentials::startExec() {
    if (execBegun_ > execEnded_) {
        return;
    }
    // The thread of the run before has nothing left to do but to end.
    execRun_ = std::jthread([this](const std::stop_token& stop) {
        endExec(runExecPlugin(config_.exec, config_, stop, kExecLimit));
    });
    ++execBegun_;
}

void Credentials::endExec(base::Result<ExecCredential> made) {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.wall();
    execFailure_ = made ? "" : made.error().message;
    if (made) {
        exec_ = std::move(made).value();
        execRefused_ = false;
        // Halfway to its end at the earliest: some are short-lived, and some plug-ins give the one
        // they have until it is over.
        execRenewAt_ = exec_->expires ? std::max(*exec_->expires - kRenewMargin,
                                                 now + (*exec_->expires - now) / 2)
                                      : now;
    } else {
        execRenewAt_ = now + kRenewAgain;
    }
    ++execEnded_;
    execDone_.notify_all();
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
