// Any bytes as what servers show in the forms of others: a document of Tinfoil's, a certificate of dstack's, dstack's
// log. Reading keeps to its limits, and what it gives is of the key that it was asked about.
#include <algorithm>
#include <cstdint>

#include "attest/internal/dstack_log.h"
#include "attest/key_evidence.h"
#include "base/check.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"

namespace {

using namespace redoubt;
using namespace redoubt::attest;

// A certificate of nobody's, for a key of P-256.
constexpr const char* kSomeLeaf =
    "308201783082011da00302010202144079b002b2e0bd15cd1f0c5f253358d489043680300a06082a8648ce3d0403023011310f30"
    "0d06035504030c066e6f626f6479301e170d3236313132333034313032385a170d3336313132303034313032385a3011310f300d"
    "06035504030c066e6f626f64793059301306072a8648ce3d020106082a8648ce3d030107034200041b3e0c22481b8861d0d34123"
    "3f08ffa7a8f7e0646b0f6364f97fee4d1ad36734a4ed3a8e365f99d3c9eb738079caf203109f4b4ed9833b2d0108678aabfb8584"
    "a3533051301d0603551d0e041604145a76edc8544e49bb9740849194c7efe5b4563d73301f0603551d230418301680145a76edc8"
    "544e49bb9740849194c7efe5b4563d73300f0603551d130101ff040530030101ff300a06082a8648ce3d04030203490030460221"
    "00b1f35032d66a281ca290a76844b42df56fe2a3102f246308007972ff67f77e3f022100dae963d8d8a3ecd638c1e6402bcdb949"
    "7a484f4e9107c50cec979bb6dc67b284";

const crypto::Certificate& some_leaf() {
  static const crypto::Certificate leaf = *crypto::Certificate::from_der(*encoding::hex_decode(kSomeLeaf));
  return leaf;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  static const auto tinfoil = make_key_evidence_form(EvidenceForm::kTinfoil);
  static const auto dstack = make_key_evidence_form(EvidenceForm::kDstack);
  const auto shown = tinfoil->read(some_leaf(), as_chars(bytes));
  if (shown) {
    REDOUBT_CHECK(shown->evidence.files.size() == 1 && tinfoil->has_kind(shown->evidence.kind));
    REDOUBT_CHECK(std::ranges::equal(shown->bound, crypto::sha256(some_leaf().public_key().spki())));
  }
  if (const auto leaf = crypto::Certificate::from_der(bytes)) {
    const auto quoted = dstack->read(*leaf, {});
    REDOUBT_CHECK(!quoted || (quoted->evidence.files.size() == 2 && quoted->bound.size() == 64));
  }
  if (const auto log = replay_dstack_log(as_chars(bytes))) {
    REDOUBT_CHECK(log->rtmr3.view().size() == 48 && log->claims.size() <= 4);
  }
  return 0;
}
