#include "kube/credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/json.h"
#include "kube/encoding.h"
#include "kube/transport.h"
#include "support/fake_clock.h"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class CredentialsTest : public testing::Test {
  protected:
    CredentialsTest()
        : folder_(fs::path(testing::TempDir()) / ("credentials-" + std::to_string(::getpid()))) {
        fs::create_directories(folder_);
    }
    ~CredentialsTest() override { fs::remove_all(folder_); }
    std::string put(const std::string& name, const std::string& text) {
        std::ofstream(folder_ / name) << text;
        return (folder_ / name).string();
    }
    // A plug-in that counts its runs in the file "runs", waits while there is a file "slow" and
    // prints what the file "output" holds.
    kube::ExecPlugin plugin() {
        kube::ExecPlugin out;
        out.apiVersion = "client.authentication.k8s.io/v1";
        out.command = put("plugin",
                          "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho x >>runs\n"
                          "printf '%s' \"$KUBERNETES_EXEC_INFO\" >info\n"
                          "printf '%s' \"$ANSWER:$1:$SSL_CERT_FILE\" >environment\n"
                          "while [ -e slow ]; do sleep 0.02; done\ncat output\n");
        ::chmod(out.command.c_str(), 0755);
        out.args = {"argument"};
        out.env = {{"ANSWER", "42"}};
        return out;
    }
    std::string read(const std::string& name) {
        return kube::readFile((folder_ / name).string()).valueOr("");
    }
    size_t runs() { return read("runs").size() / 2; }
    static std::string credential(const std::string& token, const std::string& expires) {
        return R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":")" +
               token + "\"" +
               (expires.empty() ? "" : ",\"expirationTimestamp\":\"" + expires + "\"") + "}}";
    }

    fs::path folder_;
    test::FakeClock clock_;
    kube::ClusterConfig config_;
};

TEST_F(CredentialsTest, WithoutAnyThereIsNoToken) {
    kube::Credentials credentials(config_, clock_);
    EXPECT_EQ(*credentials.bearer({}), "");
    EXPECT_TRUE(credentials.keyPair()->empty());
}

TEST_F(CredentialsTest, ATokenFileIsReadOnceAMinute) {
    config_.token.file = put("token", " one\n");
    kube::Credentials credentials(config_, clock_);
    EXPECT_EQ(*credentials.bearer({}), "one");
    put("token", "two");
    clock_.advance(59s);
    EXPECT_EQ(*credentials.bearer({}), "one");
    clock_.advance(1s);
    EXPECT_EQ(*credentials.bearer({}), "two");
}

TEST_F(CredentialsTest, ARefusedTokenIsReadAtOnce) {
    config_.token.file = put("token", "one");
    kube::Credentials credentials(config_, clock_);
    EXPECT_EQ(*credentials.bearer({}), "one");
    put("token", "two");
    credentials.refuse("an older one");
    EXPECT_EQ(*credentials.bearer({}), "one") << "somebody else refused this already";
    credentials.refuse("one");
    EXPECT_EQ(*credentials.bearer({}), "two");
}

TEST_F(CredentialsTest, ATokenFileThatGoesAwayLeavesTheOldToken) {
    config_.token.file = put("token", "one");
    kube::Credentials credentials(config_, clock_);
    EXPECT_EQ(*credentials.bearer({}), "one");
    fs::remove(folder_ / "token");
    clock_.advance(1h);
    EXPECT_EQ(*credentials.bearer({}), "one");
}

TEST_F(CredentialsTest, AnEmptyTokenFileIsNoToken) {
    config_.token.file = put("token", "\n");
    kube::Credentials credentials(config_, clock_);
    EXPECT_EQ(credentials.bearer({}).error().message,
              "token file " + config_.token.file + " is empty");
    put("token", "one");
    EXPECT_EQ(*credentials.bearer({}), "one");
    put("token", "");
    clock_.advance(1min);
    EXPECT_EQ(*credentials.bearer({}), "one") << "the old one is good while the file is written";
}

TEST_F(CredentialsTest, CertificateFilesAreReadEachTime) {
    config_.clientCertificate.file = put("cert", "C1");
    config_.clientKey.file = put("key", "K1");
    kube::Credentials credentials(config_, clock_);
    EXPECT_EQ(credentials.keyPair()->certificate, "C1");
    put("cert", "C2");
    EXPECT_EQ(credentials.keyPair()->certificate, "C2");
    fs::remove(folder_ / "key");
    EXPECT_NE(credentials.keyPair().error().message.find("client key"), std::string::npos);
    put("key", "K2");
    put("cert", "");
    EXPECT_NE(credentials.keyPair().error().message.find("cert is empty"), std::string::npos);
}

TEST_F(CredentialsTest, AnExecPluginRunsOnceUntilItsCredentialExpires) {
    config_.exec = plugin();
    put("output", credential("one", "2026-01-01T00:13:20Z"));  // in 800 s
    kube::Credentials credentials(config_, clock_);
    EXPECT_EQ(*credentials.bearer({}), "one");
    EXPECT_EQ(*credentials.bearer({}), "one");
    EXPECT_EQ(runs(), 1U);
    put("output", credential("two", ""));
    clock_.advance(789s);
    EXPECT_EQ(*credentials.bearer({}), "one");
    clock_.advance(1s);  // ten seconds before the end
    EXPECT_EQ(*credentials.bearer({}), "two");
    clock_.advance(1000h);
    EXPECT_EQ(*credentials.bearer({}), "two") << "without an expiry it is good until refused";
    EXPECT_EQ(runs(), 2U);
    credentials.refuse("two");
    EXPECT_EQ(*credentials.bearer({}), "two");
    EXPECT_EQ(runs(), 3U);
}

TEST_F(CredentialsTest, AnExecPluginGetsItsArgumentsVariablesAndTheCluster) {
    config_.exec = plugin();
    config_.exec.provideClusterInfo = true;
    config_.server = "https://x";
    config_.certificateAuthority.data = "CA";
    config_.tlsServerName = "api";
    config_.disableCompression = true;
    config_.execExtension = R"({"audience":"06e3","strict":true})";
    put("output", credential("t", ""));
    const auto tuned = kube::makeCpprestTransport(config_);
    kube::Credentials credentials(config_, clock_);
    ASSERT_TRUE(credentials.bearer({}).ok());
    EXPECT_EQ(read("environment").rfind("42:argument:", 0), 0U) << read("environment");
    EXPECT_EQ(read("environment").find("/dev/null"), std::string::npos)
        << "the HTTP library's tuning reached the child";
    auto info = base::parseJson(read("info"));
    ASSERT_TRUE(info.ok());
    EXPECT_EQ(base::stringAt(*info, "/apiVersion"), "client.authentication.k8s.io/v1");
    EXPECT_EQ(base::boolAt(*info, "/spec/interactive"), false);
    EXPECT_EQ(base::stringAt(*info, "/spec/cluster/server"), "https://x");
    EXPECT_EQ(base::stringAt(*info, "/spec/cluster/tls-server-name"), "api");
    EXPECT_EQ(base::stringAt(*info, "/spec/cluster/certificate-authority-data"),
              kube::base64Encode("CA"));
    EXPECT_EQ(base::boolAt(*info, "/spec/cluster/disable-compression"), true);
    EXPECT_EQ(base::stringAt(*info, "/spec/cluster/config/audience"), "06e3");
    EXPECT_EQ(base::boolAt(*info, "/spec/cluster/config/strict"), true);
}

TEST_F(CredentialsTest, AnExecPluginThatDoesNotAskForTheClusterIsNotTold) {
    config_.exec = plugin();
    config_.server = "https://x";
    config_.execExtension = R"({"audience":"06e3"})";
    put("output", credential("t", ""));
    kube::Credentials credentials(config_, clock_);
    ASSERT_TRUE(credentials.bearer({}).ok());
    auto info = base::parseJson(read("info"));
    ASSERT_TRUE(info.ok());
    EXPECT_EQ(base::at(*info, "/spec/cluster"), nullptr);
}

TEST_F(CredentialsTest, CallersThatComeTogetherShareOneRunOfAnExecPlugin) {
    config_.exec = plugin();
    put("output", credential("one", ""));
    kube::Credentials credentials(config_, clock_);
    {
        std::vector<std::jthread> callers;
        for (int i = 0; i < 8; ++i) {
            callers.emplace_back([&] { EXPECT_EQ(credentials.bearer({}).valueOr(""), "one"); });
        }
    }
    EXPECT_EQ(runs(), 1U);
}

// The elector gives each attempt 5 s: a plug-in that takes 6 s must not begin anew with each.
TEST_F(CredentialsTest, ARunOfAnExecPluginOutlivesTheCallersThatLeave) {
    config_.exec = plugin();
    put("output", credential("one", ""));
    put("slow", "");
    kube::Credentials credentials(config_, clock_);
    EXPECT_EQ(credentials.bearer({}, 10ms).error().message,
              "exec plug-in " + config_.exec.command + " has given no credential yet");
    std::stop_source stopped;
    stopped.request_stop();
    EXPECT_EQ(credentials.bearer(stopped.get_token()).error().message,
              "exec plug-in " + config_.exec.command + " was not waited for: the call was stopped");
    fs::remove(folder_ / "slow");
    EXPECT_EQ(credentials.bearer({}).valueOr(""), "one");
    EXPECT_EQ(runs(), 1U);
}

TEST_F(CredentialsTest, TheFailureOfAnExecPluginIsSharedToo) {
    config_.exec = plugin();
    put("output", "{}");
    put("slow", "");
    kube::Credentials credentials(config_, clock_);
    constexpr size_t kCallers = 8;
    std::atomic<size_t> there{0};
    {
        std::vector<std::jthread> callers;
        for (size_t i = 0; i < kCallers; ++i) {
            callers.emplace_back([&] {
                ++there;
                EXPECT_FALSE(credentials.bearer({}).ok());
            });
        }
        while (there < kCallers || runs() == 0) {
            std::this_thread::yield();
        }
        fs::remove(folder_ / "slow");
    }
    EXPECT_LT(runs(), kCallers / 2) << "whoever waited runs it once more";
}

TEST_F(CredentialsTest, AnExecPluginRunsAheadOfTheExpiryWhileTheOldCredentialServes) {
    config_.exec = plugin();
    put("output", credential("one", "2026-01-01T00:13:20Z"));  // in 800 s
    kube::Credentials credentials(config_, clock_);
    EXPECT_EQ(*credentials.bearer({}), "one");
    clock_.advance(729s);
    EXPECT_EQ(*credentials.bearer({}), "one");
    EXPECT_EQ(runs(), 1U);
    put("output", credential("two", ""));
    put("slow", "");
    clock_.advance(1s);  // what a plug-in may take, before it would be waited for
    EXPECT_EQ(*credentials.bearer({}), "one");
    EXPECT_EQ(*credentials.bearer({}), "one");
    fs::remove(folder_ / "slow");
    clock_.advance(60s);
    EXPECT_EQ(*credentials.bearer({}), "two");
    EXPECT_EQ(runs(), 2U);
}

TEST_F(CredentialsTest, AnExecPluginThatFailsAheadOfTheExpiryLeavesTheOldCredential) {
    config_.exec = plugin();
    put("output", credential("one", "2026-01-01T00:13:20Z"));  // in 800 s
    kube::Credentials credentials(config_, clock_);
    EXPECT_EQ(*credentials.bearer({}), "one");
    put("output", "{}");
    clock_.advance(740s);
    EXPECT_EQ(*credentials.bearer({}), "one");
    while (runs() < 2) {
        std::this_thread::yield();
    }
    EXPECT_EQ(*credentials.bearer({}), "one");
    put("output", credential("two", ""));
    clock_.advance(50s);
    auto late = credentials.bearer({});
    if (!late) {
        late = credentials.bearer({});  // it met the end of the run that failed
    }
    EXPECT_EQ(late.valueOr(""), "two");
}

TEST_F(CredentialsTest, TheEndOfTheCredentialsEndsTheRunOfAnExecPlugin) {
    config_.exec = plugin();
    put("slow", "");
    auto begun = std::chrono::steady_clock::now();
    {
        kube::Credentials credentials(config_, clock_);
        EXPECT_FALSE(credentials.bearer({}, 1ms).ok());
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s);
}

TEST_F(CredentialsTest, AnExecPluginMayGiveACertificate) {
    config_.exec = plugin();
    put("output",
        R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientCertificateData":"C","clientKeyData":"K"}})");
    kube::Credentials credentials(config_, clock_);
    EXPECT_EQ(*credentials.bearer({}), "");
    EXPECT_EQ(credentials.keyPair()->certificate, "C");
    EXPECT_EQ(credentials.keyPair()->key, "K");
    credentials.refuse("");
    put("output", "{}");
    EXPECT_FALSE(credentials.bearer({}).ok());
    EXPECT_EQ(credentials.keyPair()->certificate, "C") << "it stays until there is another";
}

TEST_F(CredentialsTest, AnExecPluginThatFailsIsNamedWithItsHint) {
    config_.exec.apiVersion = "client.authentication.k8s.io/v1";
    config_.exec.command = "no-such-login-program";
    config_.exec.installHint = "install it from the intranet";
    kube::Credentials credentials(config_, clock_);
    EXPECT_EQ(credentials.bearer({}).error().message,
              "exec plug-in no-such-login-program cannot be started: No such file or directory: "
              "install it from the intranet");
}

TEST_F(CredentialsTest, EveryWayAnExecPluginCanFail) {
    auto run = [&](const std::string& script, std::chrono::milliseconds timeout = 10s,
                   std::stop_token stop = {}) {
        kube::ExecPlugin shell;
        shell.command = "/bin/sh";
        shell.apiVersion = "v1";
        shell.args = {"-c", script};
        auto made = kube::runExecPlugin(shell, config_, stop, timeout);
        return made ? "no error" : made.error().message;
    };
    EXPECT_EQ(run("exit 3"), "exec plug-in /bin/sh ended with code 3");
    EXPECT_EQ(run("kill -9 $$"), "exec plug-in /bin/sh was ended by signal 9");
    EXPECT_EQ(run("echo hello"), "exec plug-in /bin/sh printed no ExecCredential");
    EXPECT_EQ(run(R"(echo '{"apiVersion":"v2","kind":"ExecCredential","status":{"token":"t"}}')"),
              "exec plug-in /bin/sh printed an ExecCredential of another version than v1");
    EXPECT_EQ(run("exec sleep 60", 200ms), "exec plug-in /bin/sh gave no credential within 200 ms");
    EXPECT_EQ(run("exec >/dev/null; exec sleep 60", 200ms),
              "exec plug-in /bin/sh gave no credential within 200 ms");
    EXPECT_EQ(run("sleep 60 & exit 0", 200ms),
              "exec plug-in /bin/sh gave no credential within 200 ms")
        << "what it started holds its output";
    std::stop_source stopped;
    stopped.request_stop();
    EXPECT_EQ(run("exec sleep 60", 10s, stopped.get_token()), "exec plug-in /bin/sh was stopped");
    EXPECT_EQ(
        run(R"(echo '{"apiVersion":"v1","kind":"ExecCredential","status":{}}')"),
        "exec plug-in /bin/sh printed neither status.token nor a client certificate with its key");
    EXPECT_EQ(
        run(R"(echo '{"apiVersion":"v1","kind":"ExecCredential","status":{"token":"t","expirationTimestamp":"soon"}}')"),
        "exec plug-in /bin/sh printed a status.expirationTimestamp that is no time");
}

}  // namespace
