#include "kube/credentials.h"

#include "kube/encoding.h"

namespace kube {
namespace {

constexpr auto kTokenAge = std::chrono::minutes(1);
constexpr auto kExpiryMargin = std::chrono::seconds(10);

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

base::Result<std::string> Credentials::bearer() {
    const std::lock_guard lock(mutex_);
    if (!config_.token.file.empty()) {
        return fileToken();
    }
    if (!config_.token.data.empty() || config_.exec.command.empty()) {
        return config_.token.data;
    }
    auto credential = execCredential();
    if (!credential) {
        return base::fail(credential.error().message);
    }
    return credential->token;
}

base::Result<std::string> Credentials::fileToken() {
    if (fileTokenUntil_ && clock_.steady() < *fileTokenUntil_) {
        return fileToken_;
    }
    auto content = readFile(config_.token.file);
    // A rotation in progress: the old token is good for longer than the file is away.
    if (!content && fileToken_.empty()) {
        return base::fail("token file " + config_.token.file +
                          " cannot be read: " + content.error().message);
    }
    if (content) {
        fileToken_ = std::string(trim(*content));
    }
    fileTokenUntil_ = clock_.steady() + kTokenAge;
    return fileToken_;
}

base::Result<ExecCredential> Credentials::execCredential() {
    const bool fresh =
        exec_ && (!exec_->expires || clock_.wall() + kExpiryMargin < *exec_->expires);
    if (!fresh) {
        auto made = runExecPlugin(config_.exec, config_);
        if (!made) {
            return made;
        }
        exec_ = std::move(made).value();
    }
    return *exec_;
}

void Credentials::refuse(const std::string& token) {
    const std::lock_guard lock(mutex_);
    if (fileToken_ == token) {
        fileTokenUntil_.reset();
    }
    if (exec_ && exec_->token == token) {
        exec_.reset();
    }
}

base::Result<KeyPair> Credentials::keyPair() {
    const std::lock_guard lock(mutex_);
    if (!config_.clientCertificate.empty()) {
        auto certificate = readMaterial(config_.clientCertificate);
        if (!certificate) {
            return base::fail("client certificate " + certificate.error().message);
        }
        auto key = readMaterial(config_.clientKey);
        if (!key) {
            return base::fail("client key " + key.error().message);
        }
        return KeyPair{*certificate, *key};
    }
    // Called on a thread of the HTTP library: what bearer() fetched is enough, nothing is started.
    return exec_ ? KeyPair{exec_->clientCertificate, exec_->clientKey} : KeyPair{};
}

}  // namespace kube
