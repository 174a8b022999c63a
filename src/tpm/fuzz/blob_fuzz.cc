// Everything of this module that is kept on disk or comes from an approver. The first byte says what the rest is:
//
//   0  an attestation key      1  a sealed secret      2  an approval      3  a measurement log
//   4  a history's log
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "tpm/approval.h"
#include "tpm/attestation_key.h"
#include "tpm/history_log.h"
#include "tpm/measurement_log.h"
#include "tpm/sealed_secret.h"

namespace redoubt::tpm {
namespace {

// What is read has one form only.
template <class T>
auto read_again(ByteView bytes) {
  auto value = T::decode(bytes);
  if (value) REDOUBT_CHECK(std::ranges::equal(value->encode(), bytes));
  return value;
}

}  // namespace
}  // namespace redoubt::tpm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  if (size == 0) return 0;
  const ByteView bytes = std::as_bytes(std::span(data, size)).subspan(1);
  switch (data[0] % 5U) {
    case 0:
      if (const auto key = tpm::read_again<tpm::AttestationKey>(bytes)) {
        REDOUBT_CHECK(key->public_key().type() == crypto::KeyType::kP256);
      }
      break;
    case 1:
      if (const auto sealed = tpm::read_again<tpm::SealedSecret>(bytes)) {
        REDOUBT_CHECK(sealed->policy_ref.size() <= tpm::kMaxPolicyRef);
      }
      break;
    case 2:
      if (const auto approval = tpm::read_again<tpm::Approval>(bytes)) {
        REDOUBT_CHECK(tpm::approval_message(approval->state, {}).has_value());
      }
      break;
    case 3:
      if (const auto log = tpm::read_again<tpm::MeasurementLog>(bytes)) {
        for (const auto& [pcr, value] : log->replay()) {
          REDOUBT_CHECK(pcr >= tpm::kFirstMeasuredPcr && pcr <= tpm::kLastMeasuredPcr);
        }
      }
      break;
    default:
      if (const auto log = tpm::read_again<tpm::HistoryLog>(bytes)) {
        REDOUBT_CHECK(log->events().size() <= tpm::HistoryLog::kMaxEvents);
      }
  }
  return 0;
}
