// Names that only these tests know, for every library in this process that looks names up.
//
//   FakeName api("api.test", "127.0.0.1");
//   FakeName stuck("stuck.test");          // no answer before stuck.answer() or the end of scope
//
// Thread safety: any thread.
#pragma once

#include <memory>
#include <string>

namespace kube_test {

class FakeName {
  public:
    explicit FakeName(const std::string& name);
    FakeName(const std::string& name, const std::string& address);
    ~FakeName();
    FakeName(const FakeName&) = delete;
    FakeName& operator=(const FakeName&) = delete;

    // False: nobody asked for it within 10 seconds.
    bool awaitAsked() const;
    // "there is no such name", to everybody who asked.
    void answer();

    struct State;

  private:
    std::string name_;
    std::shared_ptr<State> state_;
};

}  // namespace kube_test
