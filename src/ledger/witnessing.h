// Which witnesses a ledger has its checkpoints cosigned by, and whether it needs them.
#pragma once

#include <optional>

#include "tlog/trust_policy.h"

namespace redoubt::ledger {

struct Witnessing {
  // Witnesses and their quorum; the logs that it lists do not matter here. Empty: nobody is asked.
  std::optional<tlog::TrustPolicy> policy;
  // Whether a checkpoint counts as published only once the quorum has cosigned it, and service begins only once the
  // quorum has cosigned the last one afresh. Needs a policy with a quorum.
  bool required = false;
};

}  // namespace redoubt::ledger
