#include "e2e/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace e2e {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Pipe {
    std::array<int, 2> ends{-1, -1};
    Pipe() {
        if (pipe2(ends.data(), O_CLOEXEC) != 0) {
            ends = {-1, -1};
        }
    }
    ~Pipe() {
        closeEnd(0);
        closeEnd(1);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void closeEnd(size_t end) {
        if (ends.at(end) >= 0) {
            close(ends.at(end));
            ends.at(end) = -1;
        }
    }
};

std::vector<char*> pointers(const std::vector<std::string>& argv) {
    std::vector<char*> out;
    for (const auto& arg : argv) {
        out.push_back(const_cast<char*>(arg.c_str()));
    }
    out.push_back(nullptr);
    return out;
}

[[noreturn]] void execute(const std::vector<std::string>& argv) {
    setpgid(0, 0);
    auto args = pointers(argv);
    execvp(args[0], args.data());
    _exit(127);
}

int exitCodeOf(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Moves what is ready; true while the pipe is open.
bool drain(Pipe& from, std::string& into) {
    std::array<char, 65536> buffer{};
    ssize_t n = read(from.ends[0], buffer.data(), buffer.size());
    if (n > 0) {
        into.append(buffer.data(), static_cast<size_t>(n));
        return true;
    }
    if (n < 0 && errno == EINTR) {
        return true;
    }
    from.closeEnd(0);
    return false;
}

void feed(Pipe& to, std::string& input) {
    ssize_t n = write(to.ends[1], input.data(), input.size());
    if (n > 0) {
        input.erase(0, static_cast<size_t>(n));
    }
    if (n < 0 || input.empty()) {
        to.closeEnd(1);
    }
}

}  // namespace

RunResult run(const std::vector<std::string>& argv, const std::string& input,
              std::chrono::seconds timeout) {
    signal(SIGPIPE, SIG_IGN);
    Pipe in;
    Pipe out;
    Pipe err;
    int pid = fork();
    if (pid == 0) {
        dup2(in.ends[0], 0);
        dup2(out.ends[1], 1);
        dup2(err.ends[1], 2);
        execute(argv);
    }
    in.closeEnd(0);
    out.closeEnd(1);
    err.closeEnd(1);
    RunResult result;
    std::string rest = input;
    if (rest.empty()) {
        in.closeEnd(1);
    }
    auto deadline = SteadyClock::now() + timeout;
    bool expired = false;
    while (out.ends[0] >= 0 || err.ends[0] >= 0) {
        auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
        if (left.count() <= 0) {
            expired = true;
            kill(-pid, SIGKILL);
            break;
        }
        std::array<pollfd, 3> fds{
            {{out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}, {in.ends[1], POLLOUT, 0}}};
        poll(fds.data(), fds.size(), static_cast<int>(left.count()));
        if (fds[0].revents != 0) {
            drain(out, result.out);
        }
        if (fds[1].revents != 0) {
            drain(err, result.err);
        }
        if (fds[2].revents != 0) {
            feed(in, rest);
        }
    }
    int status = 0;
    waitpid(pid, &status, 0);
    result.exitCode = expired ? 124 : exitCodeOf(status);
    return result;
}

Background::Background(const std::vector<std::string>& argv, const std::string& logFile) {
    pid_ = fork();
    if (pid_ == 0) {
        int log = open(logFile.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(null, 0);
        dup2(log, 1);
        dup2(log, 2);
        execute(argv);
    }
}

Background::~Background() {
    kill(-pid_, SIGTERM);
    for (int i = 0; i < 50 && running(); ++i) {
        usleep(100000);
    }
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

bool Background::running() {
    int status = 0;
    return waitpid(pid_, &status, WNOHANG) == 0;
}

}  // namespace e2e
