#include "sieve/operator_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace sieve {
namespace {

// Between fork and exec of a process with threads: system calls only.
[[noreturn]] void become(int log, char* const* args) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(args[0], args);
    _exit(127);
}

}  // namespace

OperatorProcess::~OperatorProcess() {
    kill();
    reap();
}

void OperatorProcess::start() {
    std::array<std::string, 8> words{
        OPERATOR,   "--kubeconfig", kubeconfig_,    "--leader-elect=false",
        "--listen", "127.0.0.1:0",  "--log-format", "text"};
    std::array<char*, 9> args{};
    for (size_t i = 0; i < words.size(); ++i) {
        args[i] = words[i].data();
    }
    int log = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) {
        throw std::runtime_error("cannot write " + log_);
    }
    killed_ = false;
    pid_t child = fork();
    if (child == 0) {
        become(log, args.data());
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

std::string OperatorProcess::log() const {
    std::ostringstream text;
    text << std::ifstream(log_).rdbuf();
    return text.str();
}

}  // namespace sieve
