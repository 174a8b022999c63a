// Proofs that facts are in the system log, for people elsewhere who trust nothing but its key.
#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "ledger/reader.h"

namespace redoubt::admin {

class FactProofs {
 public:
  virtual ~FactProofs() = default;
  // C2SP tlog-proof of the entry at this index. kNotFound as long as no checkpoint covers it.
  virtual Result<std::string> prove(std::uint64_t index) = 0;
};

// From the ledger's files. One thread.
class LedgerFactProofs final : public FactProofs {
 public:
  // `directory`: the ledger's. `fs` must outlive this.
  LedgerFactProofs(FileSystem& fs, const std::string& directory) : reader_(fs, directory) {}
  Result<std::string> prove(std::uint64_t index) override;

 private:
  ledger::LedgerReader reader_;
};

}  // namespace redoubt::admin
