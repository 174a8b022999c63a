// A schema with something of everything, for tests of validation.
#pragma once

#include "policy/tests/support/validated.h"

namespace redoubt::policy::testing {

inline const Schema& photo_schema() {
  static const Schema schema = schema_of(R"(
    entity Group;
    entity User in [Group] {
      name: String, age: Long, active: Bool, manager: User, friends: Set<User>, scores: Set<Long>,
      address: ipaddr, balance: decimal, born: datetime, session: duration,
      nick?: String, profile: { city: String, phone?: { mobile?: String } },
    } tags String;
    entity Robot in [Group] { name: Long };
    entity Album;
    entity Photo in [Album] { owner: User, public: Bool };
    entity Colour enum ["red", "green"];

    action all;
    action change in [all];
    action view in [all] appliesTo {
      principal: [User, Robot], resource: [Photo, Colour], context: { mfa: Bool, ticket?: String } };
    action edit in [change] appliesTo { principal: User, resource: Photo, context: { reason: String } };
    namespace Store {
      entity Clerk, Till;
      action open appliesTo { principal: Clerk, resource: Till };
    }
  )");
  return schema;
}

// Of a policy that users have when they view photos.
inline std::string errors_when(std::string_view condition) {
  return errors_of(photo_schema(), "permit (principal is User, action == Action::\"view\", resource is Photo) when { " +
                                       std::string(condition) + " };");
}

inline std::string warnings_when(std::string_view condition) {
  return warnings_of(photo_schema(),
                     "permit (principal is User, action == Action::\"view\", resource is Photo) when { " +
                         std::string(condition) + " };");
}

}  // namespace redoubt::policy::testing
