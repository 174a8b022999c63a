// The first fact of a new ledger, appended by `redoubt init` before any server runs: without it nobody would be known,
// and only who is known may make others known.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "identity/proposals.h"
#include "redoubt/layout.h"
#include "tlog/note.h"

namespace redoubt::app {

// Who is to be known, and the keys of each: [i] is of genesis.first[i].
struct Beginning {
  identity::Genesis genesis;
  std::vector<identity::NewKey> keys;

  Beginning() = default;
  Beginning(Beginning&&) = default;
  Beginning& operator=(Beginning&&) = delete;
  ~Beginning();  // wipes the keys
};

// `administrators`, by name; `applications`, each as `NAME[:GROUP[:TENANT[:MODEL,…]]]`, in group `callers` unless it
// says otherwise, with a key for all models unless it names some. kInvalidArgument for less than two administrators,
// for what has not that form and for a tenant that is not one of `tenants`.
Result<Beginning> make_beginning(const std::vector<std::string>& administrators,
                                 const std::vector<std::string>& applications, const std::vector<std::string>& tenants);

// Makes the ledger in the folder, with that fact alone, durable and published. Errors: of the files; what the fold
// would refuse.
Result<> begin_ledger(const Layout& layout, const tlog::NoteSigner& signer, const identity::Genesis& genesis);

}  // namespace redoubt::app
