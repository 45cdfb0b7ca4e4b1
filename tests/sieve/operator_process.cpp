#include "sieve/operator_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace sieve {
namespace {

// Between fork and exec of a process with threads: system calls only.
[[noreturn]] void become(int log, char* const* args, char* const* environment) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execve(args[0], args, environment);
    _exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> out;
    for (auto& word : words) {
        out.push_back(word.data());
    }
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> ownEnvironment() {
    std::vector<std::string> out;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        out.emplace_back(*entry);
    }
    return out;
}

}  // namespace

OperatorProcess::~OperatorProcess() {
    kill();
    reap();
}

void OperatorProcess::start() {
    std::vector<std::string> words{
        OPERATOR,      "--kubeconfig",
        kubeconfig_,   "--listen",
        "127.0.0.1:0", "--log-format",
        "text",        "--leader-elect" + std::string(pod_.empty() ? "=false" : "")};
    auto variables = ownEnvironment();
    if (!pod_.empty()) {
        variables.push_back("POD_NAME=" + pod_);
    }
    auto args = pointers(words);
    auto environment = pointers(variables);
    int log = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) {
        throw std::runtime_error("cannot write " + log_);
    }
    killed_ = false;
    pid_t child = fork();
    if (child == 0) {
        become(log, args.data(), environment.data());
    }
    close(log);
    pid_ = child;
}

void OperatorProcess::kill() {
    if (pid_ > 0 && !killed_.exchange(true)) {
        ::kill(pid_, SIGKILL);
    }
}

void OperatorProcess::reap() {
    if (pid_ > 0) {
        waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
}

void OperatorProcess::suspend() {
    if (pid_ > 0) {
        ::kill(pid_, SIGSTOP);
        // On a busy machine its threads run on for a while.
        waitpid(pid_, nullptr, WUNTRACED);
    }
}

void OperatorProcess::resume() {
    if (pid_ > 0) {
        ::kill(pid_, SIGCONT);
    }
}

std::optional<int> OperatorProcess::awaitExit(std::chrono::milliseconds patience) {
    auto end = std::chrono::steady_clock::now() + patience;
    int status = 0;
    while (waitpid(pid_, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > end) {
            return std::nullopt;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    pid_ = 0;
    return WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt;
}

std::string OperatorProcess::log() const {
    std::ostringstream text;
    text << std::ifstream(log_).rdbuf();
    return text.str();
}

}  // namespace sieve
