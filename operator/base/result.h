// A value or an error: how every fallible function of this project answers. Exceptions end at the
// library that threw them.
//
//   base::Result<int> parsePort(std::string_view text);
//
//   auto port = parsePort("80");
//   if (!port) {
//       return base::fail("field `port`: " + port.error().message);
//   }
//   listen(*port);
//
// Thread safety: as for a plain value.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace base {

// The default error: one line that a person can act on.
struct Error {
    std::string message;
};

// Carries an error into any Result whose error type it converts to: `return base::fail("...")`.
template <class E>
struct Failure {
    E error;
};

inline Failure<Error> fail(std::string message) {
    return {Error{std::move(message)}};
}
template <class E>
Failure<E> failWith(E error) {
    return {std::move(error)};
}

template <class T, class E = Error>
class [[nodiscard]] Result {
  public:
    using Value = T;
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    template <class F>
    Result(Failure<F> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    // Precondition of the value accessors: ok(). Of error(): !ok(). A breach throws
    // std::bad_variant_access: it is a defect of the caller, not an error to handle.
    const T& value() const& { return std::get<0>(state_); }
    T& value() & { return std::get<0>(state_); }
    T&& value() && { return std::get<0>(std::move(state_)); }
    const T& operator*() const& { return value(); }
    T& operator*() & { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    const T* operator->() const { return &value(); }
    T* operator->() { return &value(); }
    T valueOr(T fallback) const& { return ok() ? value() : std::move(fallback); }

    const E& error() const& { return std::get<1>(state_); }
    E&& error() && { return std::get<1>(std::move(state_)); }

  private:
    std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
  public:
    Result() = default;
    template <class F>
    Result(Failure<F> failure) : error_(std::move(failure.error)) {}

    bool ok() const { return !error_; }
    explicit operator bool() const { return ok(); }
    const E& error() const& { return error_.value(); }

  private:
    std::optional<E> error_;
};

using Status = Result<void>;

}  // namespace base
