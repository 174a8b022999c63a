// Where in Redoubt's folder what is made with a sealing lies.
#pragma once

#include "redoubt/layout.h"
#include "sealing/new_sealing.h"

namespace redoubt::app {

inline sealing::SealingPaths sealing_paths(const Layout& layout) {
  return {.keeper = layout.keeper(),
          .sealing = layout.sealing(),
          .recovery_quorum = layout.recovery_quorum(),
          .recovery_share = layout.keys() + "/recovery-share"};
}

}  // namespace redoubt::app
