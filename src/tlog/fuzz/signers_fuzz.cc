// The file `signers`: whatever it says, terms are in order, and nobody who knows a key that signed nothing believes it.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "tlog/signer_history.h"

namespace {

using redoubt::tlog::SignerHistory;
using redoubt::tlog::VerifierKey;

// The seeds' first key, and one that signed nothing.
const VerifierKey& known() {
  static const auto key = VerifierKey::parse("example.com/log+9be5d3c6+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c");
  REDOUBT_CHECK(key);
  return *key;
}

const VerifierKey& stranger() {
  static const auto key = VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  REDOUBT_CHECK(key);
  return *key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  REDOUBT_CHECK(input.empty() || !SignerHistory::verify(stranger(), input));
  const auto history = SignerHistory::verify(known(), input);
  if (!history) return 0;
  const auto& terms = history->terms();
  REDOUBT_CHECK(terms[history->trusted()].key == known() && !history->current().to && !history->current().revoked_at);
  for (std::size_t i = 0; i < terms.size(); ++i) {
    REDOUBT_CHECK(!terms[i].to || (terms[i].from <= *terms[i].to && *terms[i].to == terms[i + 1].from));
    REDOUBT_CHECK(!terms[i].revoked_at || *terms[i].revoked_at <= *terms[i].to);
    // One size beyond its term, no key counts.
    if (terms[i].to) REDOUBT_CHECK(!history->accepts(i, {history->origin(), {terms[i].to->value + 1}, {}, {}}));
  }
  return 0;
}
