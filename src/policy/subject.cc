#include "policy/internal/subject.h"

#include <algorithm>

#include "policy/internal/operand.h"

namespace redoubt::policy::internal {

bool fits(const Scope& scope, const Subject& subject, const Store& store) {
  const EntityUid& uid = *subject.uid.uid;
  const auto is_in_one = [&] {
    return std::any_of(scope.entities.begin(), scope.entities.end(), [&](const EntityUid& group) {
      return equal(uid, group) || (subject.node != nullptr && store.has_ancestor(*subject.node, hashed(group)));
    });
  };
  switch (scope.kind) {
    case Scope::Kind::kAny:
      return true;
    case Scope::Kind::kEqual:
      return equal(uid, scope.entities.front());
    case Scope::Kind::kIn:
      return is_in_one();
    case Scope::Kind::kIs:
      return uid.type == scope.type;
    case Scope::Kind::kIsIn:
      break;
  }
  return uid.type == scope.type && is_in_one();
}

}  // namespace redoubt::policy::internal
