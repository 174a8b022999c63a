// `redoubt-keeper make --name=value …`, which `redoubt init` starts: has the keys of a new folder made (new_keeper.h).
//
// The ledger's first record comes by standard input. Standard output has lines: `ok`, the signer's verifier key, and
// the dictionary key in base64; or `failed` and, behind a space, why.
#pragma once

#include <span>

namespace redoubt {

// `arguments`: those behind `make`. The exit status: 0; 3 when nothing can be made; 2 for arguments that are none.
int run_make(std::span<char* const> arguments);

}  // namespace redoubt
