// Requests for approval as the tables have them.
#pragma once

#include <optional>
#include <string_view>

#include "identity/approvals.h"
#include "identity/internal/persons.h"
#include "state/tables.h"

namespace redoubt::identity::internal {

// Columns of rows, as schema.h makes them.
struct ApprovalColumn {
  enum : int {
    kId,
    kKind,
    kVerb,
    kSeverity,
    kObject,
    kExpects,
    kBody,
    kBefore,
    kAfter,
    kWhy,
    kRequester,
    kPersons,
    kRequested,
    kExpires,
    kStatus,
    kDecidedBy,
    kDecided,
    kVersion
  };
};

inline constexpr std::size_t kApprovalIdSize = 16;
bool is_approval_id(std::string_view text);

// For folds, where errors of the tables are kept.
std::optional<Approval> any_approval(state::Tables& tables, std::string_view id);
// Who may have been behind the request when it was made.
Persons request_persons(state::Tables& tables, std::string_view id);

}  // namespace redoubt::identity::internal
