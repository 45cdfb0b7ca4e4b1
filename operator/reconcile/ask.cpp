#include "reconcile/ask.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <memory>

namespace reconcile {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

constexpr uint64_t kMaxBody = 16384;

// One question; keeps itself alive through its handlers.
class Exchange : public std::enable_shared_from_this<Exchange> {
  public:
    Exchange(asio::io_context& io, const Question& question, std::chrono::milliseconds bound)
        : stream_(io), question_(question), bound_(bound) {
        request_.method(http::verb::get);
        request_.target(question.path);
        request_.version(11);
        request_.set(http::field::host, question.address);
        request_.set(http::field::connection, "close");
        parser_.body_limit(kMaxBody);
    }

    void ask() {
        beast::error_code error;
        auto address = asio::ip::make_address(question_.address, error);
        if (error) {
            return;
        }
        stream_.expires_after(bound_);
        stream_.async_connect(tcp::endpoint(address, question_.port),
                              [self = shared_from_this()](beast::error_code failed) {
                                  if (!failed) {
                                      self->write();
                                  }
                              });
    }

    const std::optional<Answer>& answer() const { return answer_; }

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
                             // Longer than anybody wants to know: an answer all the same.
                             if (!failed || failed == http::error::body_limit) {
                                 const auto& response = self->parser_.get();
                                 self->answer_ =
                                     Answer{.status = static_cast<int>(response.result_int()),
                                            .body = response.body()};
                             }
                         });
    }

    beast::tcp_stream stream_;
    Question question_;
    std::chrono::milliseconds bound_;
    http::request<http::empty_body> request_;
    http::response_parser<http::string_body> parser_;
    beast::flat_buffer buffer_;
    std::optional<Answer> answer_;
};

}  // namespace

std::vector<std::optional<Answer>> askAll(const std::vector<Question>& questions,
                                          std::chrono::milliseconds bound,
                                          const std::stop_token& stop) {
    asio::io_context io;
    const std::stop_callback end(stop, [&io] { io.stop(); });
    std::vector<std::shared_ptr<Exchange>> exchanges;
    for (const auto& question : questions) {
        exchanges.push_back(std::make_shared<Exchange>(io, question, bound));
        exchanges.back()->ask();
    }
    io.run_for(bound);
    std::vector<std::optional<Answer>> out;
    for (const auto& exchange : exchanges) {
        out.push_back(exchange->answer());
    }
    return out;
}

}  // namespace reconcile
