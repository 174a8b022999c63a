// Any bytes as collateral of Intel's, as signed JSON, and as its two bodies: levels are bounded, judging them ends, and
// a status is one that collateral can have.
#include <cstdint>

#include "attest/intel_collateral.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::attest;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const std::string_view text = as_chars(bytes);
  (void)parse_intel_collateral(bytes);
  (void)read_list_bytes(bytes);
  if (const auto json = parse_signed_json(text, "tcbInfo")) {
    REDOUBT_CHECK(text.find(json->body) != std::string_view::npos);
  }
  if (const auto info = parse_tcb_info(text)) {
    REDOUBT_CHECK(info->levels.size() <= TcbInfo::kMaxLevels);
    const SvnArray high{255, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    const auto status =
        judge_platform(info->levels, info->tdx_modules, {.sgx_svns = high, .pce_svn = 65535, .tee_tcb_svn = high});
    if (status.platform) REDOUBT_CHECK(status.platform->status <= TcbStatus::kRevoked);
    if (status.module) REDOUBT_CHECK(status.module->status <= TcbStatus::kRevoked);
  }
  if (const auto identity = parse_qe_identity(text)) (void)find_level(identity->levels, 3);
  return 0;
}
