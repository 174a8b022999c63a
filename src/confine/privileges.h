// What a process gives up for good before it meets anything that it does not trust: its user id, its groups, its
// capabilities, and the ways in which others look into it.
//
//   auto user = confine::find_user("redoubt-keeper");
//   if (auto done = confine::shed_privileges(*user); !done) return done;    // before threads, in the child itself
//
// Afterwards restrict.h takes away files, ports and system calls. The order matters: shedding needs calls that the
// restriction forbids.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace redoubt::confine {

struct UserIds {
  uid_t user = 0;
  gid_t group = 0;

  bool operator==(const UserIds&) const = default;
};

// The user with this name, with its primary group; or, for decimal digits, that user id and the group id of the same
// number. Errors: kNotFound for an unknown name, kInvalidArgument for root and for numbers that are no user id.
Result<UserIds> find_user(std::string_view name_or_number);

// Gives up, for the whole process, what can be given up without a kernel option:
//   - all supplementary groups, and the user and group id when `ids` is given (needs root);
//   - every capability: effective, permitted, inheritable, ambient, and the bounding set where that is permitted;
//   - gaining privileges by running a program (no_new_privs), core dumps, and being read or traced by processes of the
//     same user id (dumpable off).
// A parent-death signal that was set stays set, although the kernel drops it with the user id; when the parent has gone
// meanwhile, kUnavailable. Any other error is the system's refusal: the process must not go on. Call from the only
// thread.
Result<> shed_privileges(const std::optional<UserIds>& ids);

// Closes every descriptor above standard error but those in `keep`, and lets standard input read nothing: a descriptor
// that a process never received cannot be misused.
Result<> close_other_descriptors(std::span<const int> keep);

}  // namespace redoubt::confine
