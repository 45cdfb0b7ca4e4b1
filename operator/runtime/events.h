// Kubernetes events (events.k8s.io/v1) about an object: what happened, once, with repeats folded
// into a series.
//
//   runtime::EventRecorder events(client, "scalableapp.dev/operator", podName, clock);
//   events.record({.regarding = reference, .type = runtime::EventType::Warning,
//                  .reason = "ImagePullBackOff", .action = "Reconcile", .note = message});
//
// Never blocks a reconcile: a bounded queue (1000, newest dropped and counted), one sender thread.
// One is enough: an event that fails is tried again later, twelve times in all, and the others pass
// it by meanwhile (event_retries.h); only a server that is slow for all would be asked faster by
// more threads, and that is the last thing it needs.
// Thread safety: record from any thread.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "kube/client.h"

namespace runtime {

class Metrics;

enum class EventType { Normal, Warning };

struct ObjectReference {
    std::string apiVersion;
    std::string kind;
    kube::ObjectKey key;
    std::string uid{};
};

struct Event {
    ObjectReference regarding;
    EventType type = EventType::Normal;
    std::string reason;  // CamelCase, specific: it is API
    std::string action;  // what the controller was doing
    std::string note{};  // at most 1 kB is kept
};

class EventRecorder {
  public:
    EventRecorder(kube::Client& client, std::string reportingController,
                  std::string reportingInstance, const base::Clock& clock,
                  Metrics* metrics = nullptr);
    ~EventRecorder();  // sends what is queued for at most 2 s, then joins
    EventRecorder(const EventRecorder&) = delete;
    EventRecorder& operator=(const EventRecorder&) = delete;

    void record(Event event);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runtime
