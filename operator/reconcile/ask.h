// Short questions to pods by HTTP, all at once: what the API server does not know of them.
//
//   auto answers = reconcile::askAll({{.address = "10.1.2.3", .port = 8405, .path = "/epoch"}},
//                                    1s, stop);
//   if (answers[0]) { use(answers[0]->status, answers[0]->body); }
//
// Thread safety: from any thread. Blocking: for the bound or until `stop` at most, however many
// questions there are.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace reconcile {

struct Question {
    std::string address;  // of a pod
    uint16_t port = 0;
    std::string path;
};

struct Answer {
    int status = 0;
    std::string body;  // cut off at 16 KiB, or empty where more was announced
};

// In the order of the questions; none where there was no whole answer in time.
std::vector<std::optional<Answer>> askAll(const std::vector<Question>& questions,
                                          std::chrono::milliseconds bound,
                                          const std::stop_token& stop);

}  // namespace reconcile
