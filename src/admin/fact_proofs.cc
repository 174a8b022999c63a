#include "admin/fact_proofs.h"

#include "ledger/prove_entry.h"

namespace redoubt::admin {

Result<std::string> LedgerFactProofs::prove(std::uint64_t index) {
  return ledger::prove_entry(reader_, {index});
}

}  // namespace redoubt::admin
