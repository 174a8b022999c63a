// Registers as commands name them.
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include "base/result.h"
#include "tpm/internal/device.h"
#include "tpm/pcr.h"

namespace redoubt::tpm::internal {

TPML_PCR_SELECTION selection_list(PcrSelection pcrs);

// As tpm::read_pcrs().
Result<PcrValues> read_pcrs(Device& device, PcrSelection pcrs);

}  // namespace redoubt::tpm::internal
