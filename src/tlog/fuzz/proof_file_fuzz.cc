// Proof files: what is read is written back as it was, where its checkpoint is a note; and nothing verifies without a
// signature.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "tlog/proof_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto file = tlog::parse_proof_file(input)) {
    REDOUBT_CHECK(file->proof.size() <= tlog::kMaxProofHashes);
    if (tlog::parse_note(file->checkpoint)) {
      const auto written = tlog::format_proof_file(*file);
      REDOUBT_CHECK(written && *written == input);
    }
  }
  // This key signed no checkpoint.
  static const auto key =
      tlog::VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  REDOUBT_CHECK(key);
  REDOUBT_CHECK(!tlog::verify_proof_file(input, tlog::leaf_hash({}), {&*key, 1}));
  return 0;
}
