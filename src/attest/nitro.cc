#include "attest/internal/examination.h"

namespace redoubt::attest {

void examine_nitro(Examination& examination) {
  examination.fail(Reason::kMalformed, "this kind of evidence is not read yet");
}

}  // namespace redoubt::attest
