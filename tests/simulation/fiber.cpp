#include "simulation/fiber.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace simulation {
namespace {

constexpr size_t kStack = 512U << 10U;

Fiber* g_running = nullptr;

// Stacks are handed from one simulation to the next: thousands of them run in one process.
std::vector<char*>& spareStacks() {
    static struct Spare {
        std::vector<char*> stacks;
        ~Spare() {
            for (char* stack : stacks) {
                delete[] stack;
            }
        }
    } spare;
    return spare.stacks;
}

char* takeStack() {
    auto& spare = spareStacks();
    if (spare.empty()) {
        return new char[kStack];
    }
    char* stack = spare.back();
    spare.pop_back();
    return stack;
}

}  // namespace

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)), stack_(takeStack()) {
    getcontext(&own_);
    own_.uc_stack.ss_sp = stack_;
    own_.uc_stack.ss_size = kStack;
    own_.uc_link = nullptr;
    makecontext(&own_, &Fiber::enter, 0);
#if defined(__SANITIZE_THREAD__)
    ownThread_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
    if (!ended_) {
        std::fputs("a fiber was dropped before its end\n", stderr);
        std::abort();
    }
#if defined(__SANITIZE_THREAD__)
    __tsan_destroy_fiber(ownThread_);
#endif
    spareStacks().push_back(stack_);
}

void Fiber::resume() {
    Fiber* outer = std::exchange(g_running, this);
    switchIn();
    g_running = outer;
}

void Fiber::pause() {
    g_running->switchOut(false);
}

void Fiber::enter() {
    Fiber* self = g_running;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &self->resumerStack_, &self->resumerSize_);
#endif
    try {
        self->body_();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "an exception left a fiber: %s\n", e.what());
        std::abort();
    }
    self->body_ = nullptr;
    self->ended_ = true;
    self->switchOut(true);
}

void Fiber::switchIn() {
#if defined(__SANITIZE_THREAD__)
    resumerThread_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(ownThread_, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&resumerFake_, stack_, kStack);
#endif
    swapcontext(&resumer_, &own_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(resumerFake_, nullptr, nullptr);
#endif
}

void Fiber::switchOut([[maybe_unused]] bool last) {
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(resumerThread_, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(last ? nullptr : &ownFake_, resumerStack_, resumerSize_);
#endif
    swapcontext(&own_, &resumer_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(ownFake_, &resumerStack_, &resumerSize_);
#endif
}

}  // namespace simulation
