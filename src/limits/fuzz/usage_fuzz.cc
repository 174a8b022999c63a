// Any bytes as a file of usage: what can be read is taken up, and meters work on whatever states it held.
#include <cstdint>

#include "base/check.h"
#include "limits/usage_file.h"
#include "tests/support/fault_file_system.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::limits;
  testing_support::FaultFileSystem fs;
  fs.set_content("/usage", {reinterpret_cast<const std::byte*>(data), size});
  auto file = UsageFile::open(fs, "/usage", {3, 5});
  REDOUBT_CHECK(file.has_value());
  Meters meters(file->hash_key(), 16);
  const UnixMillis now{1'795'291'200'000};
  const auto restored = file->restore(meters, now);
  REDOUBT_CHECK(restored.meters <= size / UsageFile::kPlaceBytes && meters.in_use() <= 16);

  // States that no check protects, straight from the bytes.
  for (std::size_t at = 0; at + 24 <= size; at += 24) {
    const ByteView bytes(reinterpret_cast<const std::byte*>(data) + at, 24);
    meters.restore({load_le<std::uint64_t>(bytes), load_le<std::uint64_t>(bytes.subspan(8))},
                   {load_le<std::int64_t>(bytes.subspan(16)) % 8'000'000'000'000}, now);
  }
  for (std::size_t i = 0; i < 2 * Meters::kSweepCalls; ++i) meters.sweep(now);
  REDOUBT_CHECK(file->keep(meters, now).has_value());
  auto again = UsageFile::open(fs, "/usage", {3, 5});
  Meters other(again->hash_key(), 16);
  const auto second = again->restore(other, now);
  REDOUBT_CHECK(second.damaged == 0 && second.why_new.empty() && other.in_use() == meters.in_use());
  return 0;
}
