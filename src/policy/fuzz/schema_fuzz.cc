// Schemas come with policies, from whoever may write them. What is read converts into the other syntax and means the
// same there.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/schema.h"

using namespace redoubt::policy;

namespace {

bool same(const Schema& a, const Schema& b) {
  const auto same_shape = [](const EntityType& x, const EntityType& y) {
    return x.member_of == y.member_of && *x.shape == *y.shape && x.enumerated == y.enumerated &&
           (x.tags == nullptr) == (y.tags == nullptr) && (x.tags == nullptr || *x.tags == *y.tags);
  };
  if (a.entity_types().size() != b.entity_types().size() || a.actions().size() != b.actions().size()) return false;
  for (const auto& [name, type] : a.entity_types()) {
    const EntityType* other = b.entity_type(name);
    if (other == nullptr || !same_shape(type, *other)) return false;
  }
  for (const auto& [uid, action] : a.actions()) {
    const ActionType* other = b.action(uid);
    if (other == nullptr || action.ancestors != other->ancestors || action.principals != other->principals ||
        action.resources != other->resources || *action.context != *other->context) {
      return false;
    }
  }
  return true;
}

void check_problems(const Problems& problems, std::string_view text) {
  if (problems.empty()) std::abort();
  for (const Problem& problem : problems) {
    if (problem.where.end > text.size() || render(problem, "-", text).empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto cedar = Schema::parse(text);
  if (cedar) {
    const auto json = schema_to_json(text);
    if (!json) std::abort();
    const auto again = Schema::parse_json(*json);
    if (!again || !same(*cedar, *again)) std::abort();
  } else {
    check_problems(cedar.error(), text);
  }
  const auto json = Schema::parse_json(text);
  if (json) {
    // Not all of them can be said in Cedar's syntax.
    const auto written = schema_to_cedar(text);
    if (!written) return 0;
    const auto again = Schema::parse(*written);
    if (!again || !same(*json, *again)) std::abort();
  } else {
    check_problems(json.error(), text);
  }
  return 0;
}
