// Approvals: acts that need two persons, from the request to its use; and which acts those are.
//
// A request is not made here: whoever asks for a marked act by its own operation is answered 202, with the request.
#pragma once

#include <span>
#include <string_view>

#include "admin/operation.h"
#include "admin/shape.h"

namespace redoubt::admin {

inline constexpr std::string_view kApprovalsTag = "approvals";

std::span<const Operation> approval_operations();

extern const Shape kApprovalShape;

// Whether facts name an approval by this.
bool is_approval(std::string_view object);
// The answer 202: the request that was made in place of the change, and the secret of a key that waits with it.
Result<Answer> show_asked(Call& call, const Change& change);

}  // namespace redoubt::admin
