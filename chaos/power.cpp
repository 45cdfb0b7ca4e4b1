#include "chaos/power.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <sstream>
#include <thread>

extern char** environ;

namespace chaos {
namespace {

using namespace std::chrono_literals;

constexpr size_t kMaxWords = 400;  // of what a command says, for the error
constexpr auto kPoll = 50ms;

std::string tail(const std::string& text) {
    auto end = text.find_last_not_of(" \n");
    auto clean = end == std::string::npos ? "" : text.substr(0, end + 1);
    return clean.size() <= kMaxWords ? clean : clean.substr(clean.size() - kMaxWords);
}

// Reads what is there without waiting.
void drain(int fd, std::string& into) {
    std::array<char, 1024> buffer{};
    while (true) {
        auto got = read(fd, buffer.data(), buffer.size());
        if (got <= 0) {
            return;
        }
        into.append(buffer.data(), static_cast<size_t>(got));
    }
}

struct Child {
    pid_t pid = -1;
    int output = -1;
};

base::Result<Child> start(const std::vector<std::string>& words) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        return base::fail(std::string("no pipe: ") + std::strerror(errno));
    }
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const auto& word : words) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files{};
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    posix_spawn_file_actions_adddup2(&files, ends[1], 2);
    posix_spawnattr_t attributes{};
    posix_spawnattr_init(&attributes);
    // A group of its own, so that a time-out ends what it started too; this process's blocked
    // signals are not inherited.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    Child child;
    int failed =
        posix_spawnp(&child.pid, arguments[0], &files, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    if (failed != 0) {
        close(ends[0]);
        return base::fail("cannot start " + words[0] + ": " + std::strerror(failed));
    }
    child.output = ends[0];
    return child;
}

}  // namespace

PowerCommand::PowerCommand(const std::string& command, std::chrono::seconds timeout,
                           SwitchWords words)
    : timeout_(timeout), words_(std::move(words)) {
    std::istringstream parts(command);
    std::string word;
    while (parts >> word) {
        command_.push_back(word);
    }
}

base::Status PowerCommand::set(const std::string& node, bool on, const std::stop_token& stop) {
    if (command_.empty()) {
        return base::fail("the command that switches nodes is empty");
    }
    auto words = command_;
    words.push_back(on ? words_.on : words_.off);
    words.push_back(node);
    std::unique_lock lock(mutex_);
    if (!freed_.wait(lock, stop, [&] { return busy_.count(node) == 0; })) {
        return base::fail("stopped before " + node + " could be switched");
    }
    busy_.insert(node);
    lock.unlock();
    auto done = run(std::move(words), stop);
    lock.lock();
    busy_.erase(node);
    freed_.notify_all();
    return done;
}

base::Status PowerCommand::run(std::vector<std::string> words, const std::stop_token& stop) const {
    auto child = start(words);
    if (!child) {
        return base::failWith(child.error());
    }
    std::string said;
    int code = 0;
    bool ended = false;
    auto until = std::chrono::steady_clock::now() + timeout_;
    while (!ended && std::chrono::steady_clock::now() < until && !stop.stop_requested()) {
        drain(child->output, said);
        ended = waitpid(child->pid, &code, WNOHANG) == child->pid;
        if (!ended) {
            std::this_thread::sleep_for(kPoll);
        }
    }
    if (!ended) {
        kill(-child->pid, SIGKILL);
        waitpid(child->pid, &code, 0);
    }
    drain(child->output, said);
    close(child->output);
    if (ended && WIFEXITED(code) && WEXITSTATUS(code) == 0) {
        return {};
    }
    std::string line;
    for (const auto& word : words) {
        line += (line.empty() ? "" : " ") + word;
    }
    return base::fail(line + (ended ? " failed: " : " did not end in time: ") + tail(said));
}

}  // namespace chaos
