#include "chaos/sweep_loop.h"

#include <condition_variable>
#include <mutex>

#include "base/log.h"

namespace chaos {

SweepLoop::SweepLoop(runtime::Manager& manager, SweepLoopOptions options, Drivers drivers)
    : options_(std::move(options)), sweep_(manager.client(), manager.clock(), drivers) {
    manager.metrics().define("scalableapp_chaos_leftovers_total", runtime::Metrics::Kind::Counter,
                             "Remains of faults found by the sweep, by whether they could be "
                             "taken back");
    for (const char* result : {"Reverted", "Left"}) {
        manager.metrics().count("scalableapp_chaos_leftovers_total", {{"result", result}}, 0);
    }
    if (options_.namespaces.empty()) {
        options_.namespaces.emplace_back();
    }
    manager.whileLeading(
        [this, &manager](const std::stop_token& stop) { run(manager.metrics(), stop); });
}

void SweepLoop::run(runtime::Metrics& metrics, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any woken;
    while (!stop.stop_requested()) {
        auto options = options_.sweep;
        for (const auto& one : options_.namespaces) {
            options.namespace_ = one;
            auto swept = sweep_.once(options, stop);
            options.nodes = false;  // they have no namespace: once is enough
            for (const auto& what : swept.reverted) {
                base::logWarning("chaos: taken back by the sweep", {{"what", what}});
                metrics.count("scalableapp_chaos_leftovers_total", {{"result", "Reverted"}});
            }
            for (const auto& what : swept.problems) {
                base::logWarning("chaos: cannot be taken back", {{"what", what}});
                metrics.count("scalableapp_chaos_leftovers_total", {{"result", "Left"}});
            }
        }
        std::unique_lock lock(mutex);
        woken.wait_for(lock, stop, options_.every, [] { return false; });
    }
}

}  // namespace chaos
