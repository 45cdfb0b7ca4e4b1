// A thread of control that runs only when it is told to, and gives up only where it says so.
//
//   Fiber fiber([&] { before(); Fiber::pause(); after(); });
//   fiber.resume();      // runs before()
//   fiber.resume();      // runs after()
//   EXPECT_TRUE(fiber.ended());
//
// A fiber must have ended before its object goes: what it holds is released by its own code.
// Thread safety: none; all fibers of a program share one thread.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>

namespace simulation {

class Fiber {
  public:
    explicit Fiber(std::function<void()> body);
    ~Fiber();
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    void resume();
    bool ended() const { return ended_; }
    // Back to whoever resumed the running fiber.
    static void pause();

  private:
    static void enter();
    void switchIn();
    void switchOut(bool last);

    std::function<void()> body_;
    char* stack_;
    ucontext_t own_{};
    ucontext_t resumer_{};
    bool ended_ = false;
    // What sanitizers want to know of stacks that change.
    void* ownFake_ = nullptr;
    void* resumerFake_ = nullptr;
    const void* resumerStack_ = nullptr;
    size_t resumerSize_ = 0;
    void* ownThread_ = nullptr;
    void* resumerThread_ = nullptr;
};

}  // namespace simulation
