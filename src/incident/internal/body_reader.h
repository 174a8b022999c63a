// Reads the members of a fact's body, each once, and says which one is not what it must be.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace redoubt::incident {

class BodyReader {
 public:
  explicit BodyReader(const simdjson::dom::object& body) : body_(body) {}

  bool has(std::string_view name) const { return body_[name].error() == simdjson::SUCCESS; }
  // At most `max` bytes.
  std::string text(std::string_view name, std::size_t max);
  std::uint64_t number(std::string_view name);
  std::int64_t integer(std::string_view name);
  std::vector<std::string> texts(std::string_view name, std::size_t most, std::size_t max);
  std::vector<std::uint64_t> numbers(std::string_view name, std::size_t most);
  std::vector<simdjson::dom::object> objects(std::string_view name, std::size_t most);
  // An enumerator by the name that parse() knows.
  template <class T, class Parse>
  T named(std::string_view name, T other, Parse&& parse) {
    const auto found = parse(text(name, 64));
    if (!found) fail(name, "is none of the names that it may have");
    return found ? *found : other;
  }

  void fail(std::string_view name, std::string_view why);
  // The first failure; also when there are members that nobody asked for.
  Result<> done();

 private:
  const simdjson::dom::object& body_;
  std::size_t taken_ = 0;
  std::string failed_;
};

}  // namespace redoubt::incident
