// Reads the members of a JSON object, of which each must be there and no other: one after the other, and then done().
// The first mistake is kept; what is read after it does not matter.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/sha256.h"

namespace redoubt::identity::internal {

using Form = bool (*)(std::string_view);

class Members {
 public:
  explicit Members(simdjson::dom::object object) : object_(object), next_(object.begin()), end_(object.end()) {}

  std::string text(std::string_view name, Form form);
  std::string text_or_empty(std::string_view name, Form form);
  // UTF-8 of at most so many bytes.
  std::string any_text(std::string_view name, std::size_t max);
  bool flag(std::string_view name);
  std::int64_t number(std::string_view name, std::int64_t min, std::int64_t max);
  std::uint64_t count(std::string_view name);
  crypto::Sha256Digest digest(std::string_view name);
  // Sorted by bytes, none twice.
  std::vector<std::string> texts(std::string_view name, std::size_t max, Form form);
  std::vector<simdjson::dom::object> objects(std::string_view name, std::size_t max);

  // For what the caller finds wrong with a member.
  void reject(std::string_view name, std::string_view why);

  // kInvalidArgument for the first mistake, or for a member that was not asked for.
  Result<> done() const;

 private:
  template <class T>
  std::optional<T> get(std::string_view name, std::string_view what);

  simdjson::dom::object object_;
  // After the member that was read last: most are asked for in the order in which they were written.
  simdjson::dom::object::iterator next_;
  simdjson::dom::object::iterator end_;
  std::size_t read_ = 0;
  std::optional<std::string> mistake_;
};

}  // namespace redoubt::identity::internal
