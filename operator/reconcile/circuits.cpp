#include "reconcile/circuits.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "base/json.h"
#include "plan/children.h"
#include "plan/haproxy.h"
#include "plan/load_balancer.h"
#include "plan/root_cause.h"

namespace reconcile {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

constexpr std::chrono::milliseconds kTimeout{1000};
constexpr uint64_t kMaxBody = 4096;
constexpr const char* kMetric = "scalableapp_circuit_state ";

std::optional<plan::CircuitState> stateIn(const std::string& text) {
    size_t at = text.find(kMetric);
    if (at == std::string::npos) {
        return std::nullopt;
    }
    switch (text.c_str()[at + std::char_traits<char>::length(kMetric)]) {
        case '0':
            return plan::CircuitState::Closed;
        case '1':
            return plan::CircuitState::HalfOpen;
        case '2':
            return plan::CircuitState::Open;
        default:
            return std::nullopt;
    }
}

// One question; keeps itself alive through its handlers.
class Question : public std::enable_shared_from_this<Question> {
  public:
    Question(asio::io_context& io, const CircuitTarget& target) : stream_(io), target_(target) {
        request_.method(http::verb::get);
        request_.target("/circuit");
        request_.version(11);
        request_.set(http::field::host, target.pod);
        request_.set(http::field::connection, "close");
        parser_.body_limit(kMaxBody);
    }

    void ask() {
        beast::error_code error;
        auto address = asio::ip::make_address(target_.address, error);
        if (error) {
            return;
        }
        stream_.expires_after(kTimeout);
        stream_.async_connect(tcp::endpoint(address, target_.port),
                              [self = shared_from_this()](beast::error_code failed) {
                                  if (!failed) {
                                      self->write();
                                  }
                              });
    }

    std::optional<plan::Circuit> answer() const {
        auto state = stateIn(text_);
        return state ? std::optional(plan::Circuit{.pod = target_.pod, .state = *state})
                     : std::nullopt;
    }

  private:
    void write() {
        http::async_write(stream_, request_,
                          [self = shared_from_this()](beast::error_code failed, size_t) {
                              if (!failed) {
                                  self->read();
                              }
                          });
    }

    void read() {
        http::async_read(stream_, buffer_, parser_,
                         [self = shared_from_this()](beast::error_code failed, size_t) {
                             if (!failed) {
                                 self->text_ = self->parser_.get().body();
                             }
                         });
    }

    beast::tcp_stream stream_;
    CircuitTarget target_;
    http::request<http::empty_body> request_;
    http::response_parser<http::string_body> parser_;
    beast::flat_buffer buffer_;
    std::string text_;
};

}  // namespace

std::vector<CircuitTarget> circuitTargets(const api::ScalableApp& app,
                                          const std::vector<base::Json>& children) {
    std::vector<CircuitTarget> out;
    if (!app.resilience.circuitBreaker) {
        return out;
    }
    for (const auto& child : children) {
        auto address = base::stringAt(child, "/status/podIP");
        bool balancer = base::stringAt(child, "/kind") == "Pod" &&
                        plan::tierOf(child) == plan::kBalancerTier && plan::isReadyPod(child);
        if (balancer && address) {
            out.push_back({.pod = base::stringAt(child, "/metadata/name").value_or(""),
                           .address = *address,
                           .port = static_cast<uint16_t>(plan::kBalancerAdminPort)});
        }
    }
    return out;
}

std::vector<plan::Circuit> askCircuits(const std::vector<CircuitTarget>& targets) {
    asio::io_context io;
    std::vector<std::shared_ptr<Question>> questions;
    for (const auto& target : targets) {
        questions.push_back(std::make_shared<Question>(io, target));
        questions.back()->ask();
    }
    io.run_for(kTimeout);
    std::vector<plan::Circuit> out;
    for (const auto& question : questions) {
        if (auto circuit = question->answer()) {
            out.push_back(*circuit);
        }
    }
    return out;
}

}  // namespace reconcile
