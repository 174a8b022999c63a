// `redoubt-keeper VERB …`: the keeper's program on an errand of `redoubt` (ledger/errand.h), as the user who called and
// with no other descriptors than the three.
#pragma once

#include <span>
#include <string_view>

namespace redoubt {

// Whether it is the first argument of an errand, rather than of a keeper that serves.
bool is_errand(std::string_view verb);

// `arguments`: those behind the verb. Precondition: is_errand(verb). The exit status: 0; 3 when it is not done, and the
// answer says why; 2 for arguments that are none.
int run_errand(std::string_view verb, std::span<char* const> arguments);

}  // namespace redoubt
