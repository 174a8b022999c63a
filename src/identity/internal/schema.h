// The tables of identities. Lists in columns (scopes, models, known_to) are joined by newlines, which none of their
// parts has. Times are milliseconds.
#pragma once

#include <string_view>

namespace redoubt::identity::internal {

inline constexpr std::string_view kIdentitySchema[] = {R"sql(
CREATE TABLE identity_principals(
  id TEXT PRIMARY KEY NOT NULL,
  type INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  owner TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  created INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  enrolled INTEGER NOT NULL,
  enrolled_by TEXT NOT NULL,
  display_name TEXT,
  display_name_from INTEGER,  -- index of the fact that committed to it, for its erasure
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_principals_by_owner ON identity_principals(owner) WHERE owner <> '';
CREATE INDEX identity_principals_by_name_from ON identity_principals(display_name_from)
  WHERE display_name_from IS NOT NULL;

CREATE TABLE identity_members(
  principal TEXT NOT NULL,
  grp TEXT NOT NULL,
  PRIMARY KEY(principal, grp)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_members_by_grp ON identity_members(grp, principal);

CREATE TABLE identity_break_glass(
  principal TEXT NOT NULL,
  grp TEXT NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY(principal, grp)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_break_glass_by_grp ON identity_break_glass(grp, until);

CREATE TABLE identity_groups(
  id TEXT PRIMARY KEY NOT NULL,
  tenant TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE identity_parents(
  grp TEXT NOT NULL,
  parent TEXT NOT NULL,
  PRIMARY KEY(grp, parent)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_parents_by_parent ON identity_parents(parent, grp);

CREATE TABLE identity_keys(
  id TEXT PRIMARY KEY NOT NULL,
  principal TEXT NOT NULL,
  digest BLOB NOT NULL,
  scopes TEXT NOT NULL,
  models TEXT NOT NULL,
  created INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  known_to TEXT NOT NULL,  -- who may know it beside its holder; `*`: anybody
  expires INTEGER NOT NULL,
  revoked INTEGER NOT NULL,  -- 0, or one more than the index of the fact that did it
  replaced_by TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_keys_by_principal ON identity_keys(principal, revoked, id);

CREATE TABLE identity_marked_acts(
  act TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE identity_counts(  -- of principals, groups, keys, as the limits count them
  what TEXT PRIMARY KEY NOT NULL,
  number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
                                                       R"sql(
-- With `expires`, so that whoever counts a principal's keys need not look at each.
DROP INDEX identity_keys_by_principal;
CREATE INDEX identity_keys_by_principal ON identity_keys(principal, revoked, expires);
)sql"};

inline constexpr std::string_view kApprovalSchema[] = {R"sql(
CREATE TABLE approval_requests(
  id TEXT PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL,
  verb INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  object TEXT NOT NULL,
  expects INTEGER NOT NULL,
  body TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  why TEXT NOT NULL,
  requester TEXT NOT NULL,
  persons TEXT NOT NULL,  -- who the requester may have been (persons.h)
  requested INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  status INTEGER NOT NULL,
  decided_by TEXT NOT NULL,
  decided INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_requests_by_end ON approval_requests(expires);
)sql"};

}  // namespace redoubt::identity::internal
