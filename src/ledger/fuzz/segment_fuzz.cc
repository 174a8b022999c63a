// Any bytes as a ledger's segment: opening it refuses, or gives a ledger that verifies and goes on.
//
// The first byte chooses: 0 takes the rest as the file; otherwise a valid header is made, and the rest is cut into
// commits with checksums that hold, so that what lies behind the checksum is reached:
//   entry count u8, oldest open u8, payload length u16 LE, payload
#include <cstdint>

#include "base/check.h"
#include "base/log.h"
#include "ledger/ledger.h"
#include "ledger/log_scan.h"
#include "ledger/reader.h"
#include "tests/support/fault_file_system.h"
#include "tlog/log_verifier.h"

namespace redoubt::ledger {
namespace {

class FixedClock final : public Clock {
 public:
  UnixMillis now() const override { return {1'700'000'000'000}; }
  std::chrono::steady_clock::time_point steady() const override { return {}; }
};

Bytes make_segment(ByteView input) {
  Bytes file(kSegmentHeaderSize);
  const SegmentHeader header{};
  store_segment_header(file, header);
  Sequence next = 0;
  while (input.size() >= 4) {
    const auto count = static_cast<std::uint32_t>(input[0]);
    const auto oldest = static_cast<std::uint64_t>(input[1]);
    const std::size_t wanted = load_le<std::uint16_t>(input.subspan(2, 2));
    input = input.subspan(4);
    const ByteView payload = input.first(std::min(wanted, input.size()));
    input = input.subspan(payload.size());
    std::array<std::byte, kCommitHeaderSize> commit;
    store_commit_header(commit, header.salt,
                        {.first = next,
                         .entry_count = count,
                         .payload_size = static_cast<std::uint32_t>(payload.size()),
                         .oldest_open = oldest,
                         .oldest_uncovered = oldest / 16,
                         .time_ms = static_cast<std::int64_t>(next)},
                        payload);
    append(file, commit);
    append(file, payload);
    next += count;
  }
  return file;
}

void open_and_go_on(const Bytes& segment) {
  static const tlog::NoteSigner signer =
      *tlog::NoteSigner::create("example.org/log", *crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{7})));
  const FixedClock clock;
  testing_support::FaultFileSystem fs;
  const LedgerOptions options{.segment_bytes = 16 * 1024, .max_commit_bytes_for_test = 8 * 1024};
  for (const char* folder : {"/l", "/l/segments"}) REDOUBT_CHECK(fs.make_directory(folder).has_value());
  fs.set_content("/l/segments/" + segment_name(0), segment);
  auto opened = Ledger::open(fs, "/l", signer, clock, options);
  if (!opened) {
    REDOUBT_CHECK(opened.error().code() == Errc::kCorrupt);
    return;
  }
  const auto committed = (*opened)->committed();
  const auto open = (*opened)->open_admissions();
  REDOUBT_CHECK((*opened)->add({}, as_bytes("goes on"), {}).has_value() && (*opened)->commit().has_value());
  REDOUBT_CHECK((*opened)->publish().has_value());
  LedgerReader reader(fs, "/l");
  const auto report = tlog::verify_log(reader, signer.verifier_key());
  REDOUBT_CHECK(report.has_value() && report->checkpoint.size.value == committed.value + 1);
  auto scan = LogScan::open(fs, "/l", {}, {0});
  REDOUBT_CHECK(scan.has_value());
  for (std::uint64_t i = 0; i <= committed.value; ++i) {
    const auto entry = scan->next();
    REDOUBT_CHECK(entry.has_value() && entry->has_value() && (*entry)->header.index == i);
  }
  opened->reset();
  auto again = Ledger::open(fs, "/l", signer, clock, options);
  REDOUBT_CHECK(again.has_value() && (*again)->committed().value == committed.value + 1);
  REDOUBT_CHECK((*again)->open_admissions().size() == open.size());
}

}  // namespace
}  // namespace redoubt::ledger

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  static const bool quiet = (log::set_level(log::Level::kError), true);
  if (size == 0 || !quiet) return 0;
  const ByteView input(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  ledger::open_and_go_on(data[0] == 0 ? to_bytes(input) : ledger::make_segment(input));
  return 0;
}
