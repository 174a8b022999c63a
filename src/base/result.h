// Expected failures as values.
//
// A function that can fail for reasons outside the program (bad input, refused policy, network, disk, a proof that does
// not hold) returns `Result<T>`. The error carries a code, which says what the caller can do about it, and a message
// for a person: lower case, one line, the user's own text in backticks, never a secret or prompt content.
//
//   Result<Config> config = load(path);
//   if (!config) return config.error();
//   use(*config);
//
// `Result` keeps to the part of the interface it shares with `std::expected`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace redoubt {

// What went wrong, sorted by what the caller can do about it. Processes tell it each other by number: new ones come
// last.
enum class Errc : std::uint8_t {
  kInvalidArgument,    // the caller's own mistake: mend the call
  kMalformed,          // outside bytes do not have the form they must have
  kTooLarge,           // outside bytes exceed a stated limit
  kNotFound,           // no such thing
  kAlreadyExists,      // the thing to be made is there already
  kUnauthenticated,    // nobody known is calling
  kPermissionDenied,   // known, but not allowed
  kVerifyFailed,       // a proof, signature, tag or digest does not hold
  kCorrupt,            // our own stored bytes are not what was written
  kResourceExhausted,  // a stated bound is reached; later may do
  kUnavailable,        // a peer or device is not there; later may do
  kDeadlineExceeded,   // it took too long
  kCancelled,          // someone asked to stop
  kIo,                 // the operating system refused
  kUnsupported,        // known, but not implemented by this build
  kConflict,           // what was to be changed has changed meanwhile: look again
};

// The code's name as written in messages and JSON, for example `not_found`.
std::string_view to_string(Errc code);

class [[nodiscard]] Error {
 public:
  Error(Errc code, std::string message) : code_(code), message_(std::move(message)) {}

  Errc code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same error, with where it happened in front: "context: message".
  Error in(std::string_view context) const;

 private:
  Errc code_;
  std::string message_;
};

// `kIo` (or `kNotFound`, `kAlreadyExists`, `kPermissionDenied` where errno says so) with errno's text.
Error errno_error(std::string_view what, int errno_value);

template <class T = void>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : value_(std::move(value)) {}                    // NOLINT(google-explicit-constructor)
  Result(Error error) : value_(tl::unexpect, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return value_.has_value(); }

  // Precondition for the next four: has_value().
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

  // Precondition: !has_value().
  const Error& error() const { return value_.error(); }

 private:
  tl::expected<T, Error> value_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : value_(tl::unexpect, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return value_.has_value(); }
  const Error& error() const { return value_.error(); }

 private:
  tl::expected<void, Error> value_;
};

}  // namespace redoubt
