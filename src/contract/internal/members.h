// An object of a contract's JSON, read strictly: what is not known or has another form is an error that names its
// place.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "encoding/json_writer.h"

namespace redoubt::contract::internal {

// Of one object; the first thing that is wrong is kept.
class Members {
 public:
  Members(simdjson::dom::element json, std::string place) : place_(std::move(place)) {
    if (json.get(object_) != simdjson::SUCCESS) refuse("", "must be an object");
  }

  template <class T>
  std::optional<T> get(std::string_view name, std::string_view what) {
    simdjson::dom::element json;
    T value{};
    if (error_ || object_.at_key(name).get(json) != simdjson::SUCCESS) return std::nullopt;
    if (json.get(value) == simdjson::SUCCESS) return value;
    refuse(name, what);
    return std::nullopt;
  }
  template <class T>
  std::vector<T> list(std::string_view name, std::string_view what) {
    std::vector<T> all;
    const auto array = get<simdjson::dom::array>(name, what);
    if (!array) return all;
    for (const simdjson::dom::element item : *array) {
      if constexpr (std::is_same_v<T, double>) {
        double value = 0;
        if (item.get(value) != simdjson::SUCCESS) refuse(name, what);
        all.push_back(value);
      } else {
        std::string_view value;
        if (item.get(value) != simdjson::SUCCESS) refuse(name, what);
        all.emplace_back(value);
      }
    }
    return all;
  }
  // A misspelt bound would be none.
  void only(std::initializer_list<std::string_view> known) {
    if (error_) return;
    for (const auto& member : object_) {
      if (std::find(known.begin(), known.end(), member.key) == known.end()) refuse(member.key, "is unknown");
    }
  }
  void refuse(std::string_view name, std::string_view what) {
    if (!error_)
      error_ = Error(Errc::kMalformed, "`" + place_ + std::string(name.substr(0, 200)) + "` " + std::string(what));
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  simdjson::dom::object object_;
  std::string place_;
  std::optional<Error> error_;
};

// The shortest text that reads as the same number.
void write_number(encoding::JsonWriter& json, double value);

}  // namespace redoubt::contract::internal
