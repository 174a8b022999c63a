// Any bytes as a GPU's report: its length fields add up to no more than there is, and what it points to is inside.
#include <cstdint>

#include "attest/internal/nvidia_report.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::attest;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto report = read_nvidia_report(bytes);
  if (!report) return 0;
  REDOUBT_CHECK(report->size <= size && report->signed_part.size() + NvidiaReport::kSignatureSize == report->size);
  REDOUBT_CHECK(read_nvidia_report(bytes.first(report->size)).has_value());
  REDOUBT_CHECK(!read_nvidia_report(bytes.first(report->size - 1)).has_value());
  for (const NvidiaReport::Measurement& each : report->measurements) {
    REDOUBT_CHECK(each.value.data() >= bytes.data() && each.value.size() == NvidiaReport::kDigestSize);
  }
  return 0;
}
