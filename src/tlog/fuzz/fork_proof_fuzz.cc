// Fork proofs: what is read is written back as it was, where both parts are checkpoints; and nothing verifies that the
// log did not sign.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "tlog/fork_proof.h"

namespace {

bool is_checkpoint(std::string_view text) {
  const auto note = redoubt::tlog::parse_note(text);
  return note && redoubt::tlog::parse_checkpoint(note->text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto proof = tlog::parse_fork_proof(input)) {
    REDOUBT_CHECK(proof->path.size() <= tlog::kMaxForkPathHashes);
    if (is_checkpoint(proof->first) && is_checkpoint(proof->second)) {
      const auto written = tlog::format_fork_proof(*proof);
      REDOUBT_CHECK(written && *written == input);
    }
  }
  // This key signed no checkpoint.
  static const auto key =
      tlog::VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  REDOUBT_CHECK(key);
  REDOUBT_CHECK(!tlog::verify_fork_proof(input, {&*key, 1}));
  return 0;
}
