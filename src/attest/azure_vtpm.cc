#include "attest/internal/examination.h"

namespace redoubt::attest {

void examine_azure_vtpm(Examination& examination) {
  examination.fail(Reason::kMalformed, "this kind of evidence is not read yet");
}

}  // namespace redoubt::attest
