// Two candidates, one Lease of a real API server: one leads, the other takes over when it lets go.
#include <atomic>

#include "component/server.h"
#include "runtime/leader.h"
#include "runtime/metrics.h"

namespace {

using component::eventually;

class Leader : public component::ServerTest {
  protected:
    runtime::LeaderOptions candidate(const std::string& identity) const {
        runtime::LeaderOptions options;
        options.lease = key("the-lease");
        options.identity = identity;
        return options;
    }
};

TEST_F(Leader, OneLeadsAndHandsOver) {
    runtime::Metrics metrics;
    std::atomic<int> started{0};
    auto begin = [&] { ++started; };
    auto lost = [] { ADD_FAILURE() << "lost the lease"; };
    runtime::LeaderElector first(client(), candidate("first"), base::systemClock(), metrics);
    first.start(begin, lost);
    ASSERT_TRUE(eventually([&] { return first.holds(); }));

    runtime::LeaderElector second(client(), candidate("second"), base::systemClock(), metrics);
    second.start(begin, lost);
    ASSERT_TRUE(eventually([&] { return second.holder() == "first"; }));
    EXPECT_FALSE(second.holds());
    EXPECT_EQ(started, 1);

    first.stop(true);
    EXPECT_FALSE(first.holds());
    EXPECT_TRUE(eventually([&] { return second.holds(); }));
    EXPECT_EQ(started, 2);
    second.stop(true);
}

}  // namespace
