// Who makes evidence of this machine for the keeper, and tells it what is in force: behind it is the TPM or the
// processor that only the keeper reaches.
//
// Asynchronous, since a TPM takes a tenth of a second for a signature and commits do not wait for it.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "ledger/activation.h"

namespace redoubt::ledger {

// All are called on the keeper's thread; none may block.
class Attester {
 public:
  virtual ~Attester() = default;

  // Begins evidence that names `statement`: 1 to kMaxStatementBytes (wire.h) bytes of the gateway's, so they are
  // hostile. What the machine signs must tell them from what the keeper says of its own: they may be hashed into it
  // under a label, and never be it. Precondition: nothing is under way.
  virtual void begin(ByteView statement) = 0;

  // Begins measuring that this bundle is in force, so that evidence made from then on shows it. The keeper has found
  // the fact in its ledger. Precondition: as above.
  virtual void begin_measuring(const Activation& activation) = 0;

  // What was begun, once it is there; then nothing is under way. Whoever implements it wakes the keeper (its eventfd)
  // when there is something. The evidence has at most kMaxEvidenceBytes (wire.h); of what was measured there is none.
  virtual std::optional<Result<Bytes>> take() = 0;
};

}  // namespace redoubt::ledger
