// What the tests of the ledger share: a clock, a signer, and a ledger beside the entries that went into it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "ledger/ledger.h"
#include "ledger/reader.h"
#include "tests/support/fault_file_system.h"
#include "tlog/checkpoint.h"
#include "tlog/frontier.h"
#include "tlog/log_verifier.h"
#include "tlog/proof.h"

namespace redoubt::ledger::test {

using testing_support::FaultFileSystem;

// Stands still until it is moved.
class FakeClock final : public Clock {
 public:
  UnixMillis now() const override { return {wall_ms.load()}; }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(std::chrono::milliseconds(steady_ms.load()));
  }
  std::atomic<std::int64_t> wall_ms{1'700'000'000'000};
  std::atomic<std::int64_t> steady_ms{1'000'000};
};

inline tlog::NoteSigner make_signer(const std::string& name = "example.org/log", std::uint8_t seed = 7) {
  const Bytes bytes(32, std::byte{seed});
  return *tlog::NoteSigner::create(name, *crypto::Ed25519PrivateKey::from_seed(bytes));
}

inline ExchangeId exchange_id(std::uint64_t n) {
  ExchangeId id{};
  store_le(MutableByteView(id), n);
  return id;
}

// Segments of a few pages, so that they roll after a few commits.
inline LedgerOptions small_segments() {
  return {.segment_bytes = 64 * 1024, .max_commit_bytes_for_test = 48 * 1024};
}

// MTH of RFC 6962 §2.1, as it stands there.
inline tlog::Hash naive_root(std::span<const tlog::Hash> leaves) {
  if (leaves.empty()) return tlog::empty_root();
  if (leaves.size() == 1) return leaves[0];
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return tlog::node_hash(naive_root(leaves.first(k)), naive_root(leaves.subspan(k)));
}

struct ExpectedEntry {
  EntryHeader header;
  Bytes leaf;
  Bytes opening;
};

// What a ledger must hold: every entry added, in order, and which admissions are open after the first n of them.
class Expected {
 public:
  void add(ExpectedEntry entry) {
    hashes_.push_back(tlog::leaf_hash(entry.leaf));
    frontier_.append(hashes_.back());
    roots_.push_back(frontier_.root());
    entries_.push_back(std::move(entry));
  }
  // Forgets entries that turned out not to have been kept.
  void cut_to(std::uint64_t size) {
    Expected kept;
    for (std::uint64_t i = 0; i < size; ++i) kept.add(std::move(entries_[i]));
    *this = std::move(kept);
  }

  std::uint64_t size() const { return entries_.size(); }
  const ExpectedEntry& entry(std::uint64_t index) const { return entries_.at(index); }
  const tlog::Hash& leaf_hash(std::uint64_t index) const { return hashes_.at(index); }
  tlog::Hash root(std::uint64_t size) const { return size == 0 ? tlog::empty_root() : roots_.at(size - 1); }
  std::span<const tlog::Hash> leaf_hashes() const { return hashes_; }

  std::vector<std::uint64_t> open_admissions(std::uint64_t size) const {
    std::vector<std::uint64_t> open;
    for (std::uint64_t i = 0; i < size; ++i) {
      if (entries_[i].header.kind == EntryKind::kAdmission) open.push_back(i);
      if (entries_[i].header.kind == EntryKind::kOutcome) std::erase(open, entries_[i].header.admission_index);
    }
    return open;
  }

 private:
  std::vector<ExpectedEntry> entries_;
  std::vector<tlog::Hash> hashes_;
  std::vector<tlog::Hash> roots_;  // of the first n + 1 entries
  tlog::Frontier frontier_;
};

inline std::vector<std::uint64_t> indices_of(const std::vector<OpenAdmission>& open) {
  std::vector<std::uint64_t> indices;
  for (const OpenAdmission& admission : open) indices.push_back(admission.index);
  return indices;
}

// The checkpoint on the disk, opened. nullopt when there is none.
inline std::optional<tlog::Checkpoint> read_checkpoint(FileSystem& fs, const std::string& directory,
                                                       const tlog::NoteSigner& signer) {
  LedgerReader reader(fs, directory);
  const auto note = reader.checkpoint();
  if (!note) return std::nullopt;
  const tlog::VerifierKey keys[] = {signer.verifier_key()};
  auto checkpoint = tlog::open_checkpoint(*note, keys, signer.name());
  EXPECT_TRUE(checkpoint) << checkpoint.error().message();
  if (!checkpoint) return std::nullopt;
  return *checkpoint;
}

// That the published log is exactly the first entries expected: checkpoint, entries, proofs, and the verifier's word.
inline void expect_published(FileSystem& fs, const std::string& directory, const tlog::NoteSigner& signer,
                             const Expected& expected, std::uint64_t size) {
  const auto checkpoint = read_checkpoint(fs, directory, signer);
  ASSERT_TRUE(checkpoint);
  ASSERT_EQ(checkpoint->size.value, size);
  ASSERT_EQ(checkpoint->root, expected.root(size));
  LedgerReader reader(fs, directory);
  const auto report = tlog::verify_log(reader, signer.verifier_key());
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_EQ(report->checkpoint.size.value, size);
  for (std::uint64_t i = size % 7; i < size; i += size < 400 ? 7 : 97) {
    const auto entry = reader.read_entry({i});
    ASSERT_TRUE(entry) << entry.error().message();
    ASSERT_EQ(entry->leaf, expected.entry(i).leaf) << i;
    ASSERT_EQ(entry->sealed_opening, expected.entry(i).opening) << i;
    ASSERT_EQ(entry->header.kind, expected.entry(i).header.kind) << i;
    ASSERT_EQ(entry->header.exchange, expected.entry(i).header.exchange) << i;
    const auto proof = tlog::inclusion_proof(reader, {i}, {size});
    ASSERT_TRUE(proof) << proof.error().message();
    ASSERT_TRUE(tlog::verify_inclusion(expected.leaf_hash(i), {i}, {size}, *proof, checkpoint->root)) << i;
  }
}

}  // namespace redoubt::ledger::test
