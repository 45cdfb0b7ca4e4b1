// Where reconcilers send their events.
//
//   chaos::EventSink sink = [&](runtime::Event event) { recorder.record(std::move(event)); };
#pragma once

#include <functional>

#include "runtime/events.h"

namespace chaos {

using EventSink = std::function<void(runtime::Event)>;

}  // namespace chaos
