// Proof files under a policy. The input is a policy, a zero byte, and a proof file; whatever is accepted holds under
// the log's key alone, too, and the same checkpoint has the same standing by itself.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "tlog/proof_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = input.find('\0');
  if (zero == std::string_view::npos) return 0;
  const auto policy = tlog::TrustPolicy::parse(input.substr(0, zero));
  if (!policy) return 0;
  const std::string_view text = input.substr(zero + 1);
  const tlog::Hash leaf = tlog::leaf_hash(as_bytes("entry"));
  const auto checked = tlog::check_proof_file(text, leaf, *policy);
  const auto verified = tlog::verify_proof_file(text, leaf, *policy);
  REDOUBT_CHECK(verified.has_value() == (checked && checked->accepted()));
  if (!checked) return 0;

  const tlog::CheckedCheckpoint& checkpoint = checked->checkpoint;
  const tlog::VerifierKey& log = policy->logs().at(checkpoint.log).key;
  REDOUBT_CHECK(log.can_verify() && log.name() == checkpoint.checkpoint.origin);
  const auto by_key = tlog::verify_proof_file(text, leaf, {&log, 1});
  REDOUBT_CHECK(by_key && by_key->checkpoint == checkpoint.checkpoint && by_key->index == checked->index);
  const auto alone = tlog::check_checkpoint(tlog::parse_proof_file(text)->checkpoint, *policy);
  REDOUBT_CHECK(alone && alone->cosignatures == checkpoint.cosignatures && alone->quorum == checkpoint.quorum);
  std::vector<std::size_t> witnesses;
  for (const tlog::Cosignature& cosignature : checkpoint.cosignatures) {
    REDOUBT_CHECK(policy->witnesses().at(cosignature.witness).key.can_verify());
    witnesses.push_back(cosignature.witness);
  }
  REDOUBT_CHECK((checkpoint.quorum == tlog::Quorum::kNotRequired) == !policy->needs_witnesses());
  REDOUBT_CHECK((checkpoint.quorum != tlog::Quorum::kNotMet) == policy->satisfied_by(witnesses));
  return 0;
}
