// The members of a JSON object of which it is known what they may be.
#pragma once

#include <simdjson.h>

#include <initializer_list>
#include <optional>
#include <string_view>

#include "policy/internal/json_place.h"
#include "policy/internal/value_json.h"

namespace redoubt::policy::internal {

class JsonMembers {
 public:
  // Reports what is no object, and each member that is not in `known`. `place` and `problems` must outlive this.
  JsonMembers(simdjson::dom::element json, std::initializer_list<std::string_view> known, const JsonPlace& place,
              ProblemList& problems);

  bool is_object() const { return object_.has_value(); }
  // Nothing when it is absent, or `null`, which is the same.
  std::optional<simdjson::dom::element> find(std::string_view name) const;

  // Each reports a member that is absent or of another type; where there is no object, that has been reported already.
  std::optional<simdjson::dom::element> get(std::string_view name) const;
  std::optional<std::string_view> text(std::string_view name) const;
  std::optional<simdjson::dom::array> array(std::string_view name) const;

 private:
  std::optional<simdjson::dom::object> object_;
  const JsonPlace& place_;
  ProblemList& problems_;
};

}  // namespace redoubt::policy::internal
