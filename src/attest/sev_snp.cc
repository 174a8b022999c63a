#include "attest/internal/examination.h"

namespace redoubt::attest {

void examine_sev_snp(Examination& examination) {
  examination.fail(Reason::kMalformed, "this kind of evidence is not read yet");
}

}  // namespace redoubt::attest
