// The life of a ledger on a disk that may fail, and what it has promised to others.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ledger/tests/support.h"

namespace redoubt::ledger::test {

// Segments of four pages, so that a commit touches several of them and a few commits fill one.
inline LedgerOptions tiny_segments() {
  return {.segment_bytes = 16 * 1024, .max_commit_bytes_for_test = 12 * 1024, .single_thread_for_test = true};
}

// Entries of one commit: their kinds and the sizes of their leaves. An outcome closes the newest open admission.
using Batch = std::vector<std::pair<EntryKind, std::size_t>>;

struct Step {
  enum class What : std::uint8_t { kOpen, kCommit, kPublish };
  What what;
  Batch batch = {};
};
using Script = std::vector<Step>;

// What others were told, which no crash may take back; apart from the disk, so that both can be copied.
struct Promises {
  Expected entries;                    // all that were added, in order
  std::uint64_t acknowledged = 0;      // the first entries, of which commit() or open() said so
  std::uint64_t published = 0;         // the largest checkpoint of which publish() said so
  std::vector<tlog::Checkpoint> seen;  // every checkpoint that a reader could have come by
};

class Life {
 public:
  static constexpr const char* kDirectory = "/ledger";

  // `fs` must outlive the life.
  explicit Life(FaultFileSystem& fs, Promises promises = {}) : fs_(fs), promises_(std::move(promises)) {}

  bool open() {
    close();
    auto ledger = Ledger::open(fs_, kDirectory, signer_, clock_, tiny_segments());
    if (!ledger) {
      open_error_ = ledger.error().message();
      return false;
    }
    ledger_ = *std::move(ledger);
    return true;
  }
  void close() { ledger_.reset(); }

  // Adds the entries and commits. False when it could not: nothing of the batch was acknowledged.
  bool commit(const Batch& batch) {
    for (const auto& [kind, leaf_size] : batch) {
      if (!add(kind, leaf_size)) return false;
    }
    if (!ledger_->commit()) return false;
    if (!batch.empty()) {
      EXPECT_EQ(ledger_->last_commit().size(), batch.size());
      for (const Appended& entry : ledger_->last_commit()) {
        EXPECT_EQ(entry.leaf_hash, promises_.entries.leaf_hash(entry.index.value));
      }
    }
    promises_.acknowledged = promises_.entries.size();
    return true;
  }

  bool publish() {
    if (!ledger_->publish()) return false;
    promises_.published = promises_.entries.size();
    see_checkpoint();
    return true;
  }

  // Whether every step worked.
  bool live(const Script& script) {
    for (const Step& step : script) {
      const bool done = step.what == Step::What::kOpen     ? open()
                        : step.what == Step::What::kCommit ? commit(step.batch)
                                                           : publish();
      if (!done) return false;
    }
    return true;
  }

  // Remembers the checkpoint that a reader would find now.
  void see_checkpoint() {
    if (auto now = checkpoint_on_disk(); now && (promises_.seen.empty() || promises_.seen.back().size != now->size)) {
      promises_.seen.push_back(*std::move(now));
    }
  }

  // After a restart: opens, and compares with what was promised.
  void expect_opens() {
    const auto before = checkpoint_on_disk();
    ASSERT_GE(before ? before->size.value : 0, promises_.published) << "a published checkpoint is gone";
    ASSERT_TRUE(open()) << open_error_;
    const std::uint64_t committed = ledger_->committed().value;
    ASSERT_GE(committed, promises_.acknowledged) << "an acknowledged entry is gone";
    ASSERT_TRUE(committed == promises_.acknowledged || committed == promises_.entries.size())
        << "half a commit was kept: " << committed;
    promises_.entries.cut_to(committed);
    promises_.acknowledged = committed;
    ASSERT_EQ(indices_of(ledger_->open_admissions()), promises_.entries.open_admissions(committed));
    ASSERT_EQ(ledger_->published().value, before ? before->size.value : 0);
    for (const tlog::Checkpoint& seen : promises_.seen) {
      ASSERT_LE(seen.size.value, committed) << "a published checkpoint covers entries that are gone";
      ASSERT_EQ(seen.root, promises_.entries.root(seen.size.value)) << "a published checkpoint is contradicted";
    }
    ASSERT_NO_FATAL_FAILURE(expect_nothing_after_the_last_commit());
  }

  // Publishes, and proves to a stranger all that was ever promised.
  void expect_proves() {
    ASSERT_TRUE(publish());
    const std::uint64_t size = promises_.entries.size();
    if (size == 0) return;
    const auto newest = checkpoint_on_disk();
    ASSERT_TRUE(newest);
    ASSERT_EQ(newest->size.value, size);
    ASSERT_EQ(newest->root, promises_.entries.root(size));
    LedgerReader reader(fs_, kDirectory);
    const auto report = tlog::verify_log(reader, signer_.verifier_key());
    ASSERT_TRUE(report) << report.error().message();
    // The verifier has made every hash anew; of many entries, one here and there is proven on its own as well.
    for (std::uint64_t i = 0; i < size; i += size <= 64 || i + 8 >= promises_.acknowledged ? 1 : 9) {
      const auto entry = reader.read_entry({i});
      ASSERT_TRUE(entry) << entry.error().message();
      ASSERT_EQ(entry->leaf, promises_.entries.entry(i).leaf) << i;
      ASSERT_EQ(entry->sealed_opening, promises_.entries.entry(i).opening) << i;
      ASSERT_EQ(entry->header.kind, promises_.entries.entry(i).header.kind) << i;
      ASSERT_EQ(entry->header.exchange, promises_.entries.entry(i).header.exchange) << i;
      const auto proof = tlog::inclusion_proof(reader, {i}, {size});
      ASSERT_TRUE(proof) << proof.error().message();
      ASSERT_TRUE(tlog::verify_inclusion(promises_.entries.leaf_hash(i), {i}, {size}, *proof, newest->root)) << i;
    }
    for (const tlog::Checkpoint& seen : promises_.seen) {
      const auto proof = tlog::consistency_proof(reader, seen.size, {size});
      ASSERT_TRUE(proof) << proof.error().message();
      ASSERT_TRUE(tlog::verify_consistency(seen.size, {size}, *proof, seen.root, newest->root)) << seen.size.value;
    }
  }

  // After a restart, the least of it.
  void expect_holds() {
    ASSERT_NO_FATAL_FAILURE(expect_opens());
    ASSERT_NO_FATAL_FAILURE(expect_proves());
  }

  // After a restart, the whole of it: opens, goes on, proves everything, and holds it through another loss of power.
  void expect_recovers() {
    ASSERT_NO_FATAL_FAILURE(expect_opens());
    ASSERT_TRUE(publish());
    ASSERT_TRUE(commit({{EntryKind::kStandalone, 100}, {EntryKind::kAdmission, 30}}));
    ASSERT_TRUE(publish());
    ASSERT_TRUE(commit({{EntryKind::kOutcome, 10}}));
    ASSERT_NO_FATAL_FAILURE(expect_proves());
    close();
    fs_.lose_power_and_all_unsynced();
    ASSERT_NO_FATAL_FAILURE(expect_opens());
  }

  // After an operation failed: neither what was written nor a second try is trusted.
  void expect_refuses_everything() {
    if (ledger_ == nullptr) return;  // it refused to open
    const auto committed = ledger_->committed();
    EXPECT_FALSE(ledger_->add({}, as_bytes("later"), {}));
    const auto again = ledger_->commit();
    ASSERT_FALSE(again);
    ASSERT_EQ(again.error().code(), Errc::kUnavailable);
    const auto published = ledger_->publish();
    ASSERT_FALSE(published);
    ASSERT_EQ(published.error().code(), Errc::kUnavailable);
    ASSERT_EQ(ledger_->committed(), committed);
  }

  Ledger& ledger() { return *ledger_; }
  const Promises& promises() const { return promises_; }
  const std::string& open_error() const { return open_error_; }

 private:
  bool add(EntryKind kind, std::size_t leaf_size) {
    Expected& entries = promises_.entries;
    const std::uint64_t index = entries.size();
    ExpectedEntry entry{.header = {.kind = kind, .exchange = exchange_id(index)}, .leaf = {}, .opening = {}};
    if (kind == EntryKind::kOutcome) {
      const std::uint64_t admission = entries.open_admissions(index).back();
      entry.header.admission_index = admission;
      entry.header.exchange = exchange_id(admission);
    }
    entry.leaf.assign(leaf_size, static_cast<std::byte>(index * 31 + 1));
    if (index % 3 == 1) entry.opening.assign(50 + index % 7, std::byte{0xee});
    const auto added = ledger_->add(entry.header, entry.leaf, entry.opening);
    if (!added) return false;
    EXPECT_EQ(added->value, index);
    entries.add(std::move(entry));
    return true;
  }

  // What a crash cut short is gone: nothing of it can ever be taken for a commit.
  void expect_nothing_after_the_last_commit() {
    const std::string folder = std::string(kDirectory) + "/segments";
    const auto names = fs_.list(folder);
    ASSERT_TRUE(names);
    if (names->empty()) return;
    auto file = fs_.open(folder + "/" + names->back(), OpenMode::kReadOnly);
    ASSERT_TRUE(file);
    auto scanner = SegmentScanner::open(*std::move(file), *parse_segment_name(names->back()));
    ASSERT_TRUE(scanner) << scanner.error().message();
    while (true) {
      const auto commit = scanner->next();
      ASSERT_TRUE(commit);
      if (!*commit) break;
    }
    ASSERT_FALSE(*scanner->torn()) << "the remainder of a commit was left";
  }

  // Past the file system's counting and failing. A note is verified once: the same few come by ten thousand times.
  std::optional<tlog::Checkpoint> checkpoint_on_disk() const {
    const auto note = fs_.content(std::string(kDirectory) + "/checkpoint");
    if (!note) return std::nullopt;
    static std::map<std::string, tlog::Checkpoint, std::less<>> verified;
    const std::string_view text = as_chars(*note);
    if (const auto known = verified.find(text); known != verified.end()) return known->second;
    const tlog::VerifierKey keys[] = {signer_.verifier_key()};
    auto checkpoint = tlog::open_checkpoint(text, keys, signer_.name());
    EXPECT_TRUE(checkpoint) << checkpoint.error().message();
    if (!checkpoint) return std::nullopt;
    return verified.emplace(text, *std::move(checkpoint)).first->second;
  }

  static const tlog::NoteSigner& only_signer() {
    static const tlog::NoteSigner signer = make_signer();
    return signer;
  }

  FaultFileSystem& fs_;
  FakeClock clock_;
  const tlog::NoteSigner& signer_ = only_signer();
  std::unique_ptr<Ledger> ledger_;
  std::string open_error_;
  Promises promises_;
};

}  // namespace redoubt::ledger::test
