// The first fact of a new ledger, which is there before any server runs: without it nobody would be known, and only who
// is known may make others known.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "identity/proposals.h"

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

// That fact, as the entry of the log with this origin that it is going to be. Errors: what the fold would refuse.
Result<std::string> make_first_record(const std::string& origin, const identity::Genesis& genesis);

}  // namespace redoubt::app
