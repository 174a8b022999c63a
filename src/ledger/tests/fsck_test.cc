// That check_ledger() finds what is wrong with a ledger's files, wherever it is, and nothing where nothing is.
#include "ledger/fsck.h"

#include <atomic>
#include <thread>

#include "base/log.h"
#include "keys/sealing_key.h"
#include "ledger/signers.h"
#include "ledger/tests/support.h"
#include "tests/support/temp_dir.h"
#include "tlog/cose_receipt.h"
#include "tlog/cosignature.h"

namespace redoubt::ledger::test {
namespace {

constexpr const char* kDirectory = "/ledger";
constexpr LogNumber kA = 1;
constexpr LogNumber kB = 2;

// All in one line, for failures.
std::string text(const LedgerCheck& check) {
  std::string out = std::to_string(check.problem_count) + " problems:";
  for (const Finding& problem : check.problems) out += " [" + problem.file + ": " + problem.what + "]";
  return out;
}

class Fsck : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }

  void open() {
    ledger_.reset();
    LedgerOptions options = small_segments();
    options.tenants = {"a", "b"};
    options.single_thread_for_test = true;
    auto ledger = Ledger::open(fs_, kDirectory, signer_, clock_, options);
    ASSERT_TRUE(ledger) << ledger.error().message();
    ledger_ = *std::move(ledger);
  }
  std::uint64_t add(LogNumber log, std::size_t leaf_size = 40, const EntryHeader& header = {}, bool sealed = false) {
    const Bytes leaf(leaf_size, static_cast<std::byte>(++leaves_));
    Bytes opening;
    if (sealed) {
      opening.resize(keys::kSealOverheadBytes + 5, std::byte{0x77});
      opening[0] = std::byte{1};
      std::fill_n(opening.begin() + 1 + 60 + 8, 4, std::byte{0});
    }
    EntryHeader complete = header;
    complete.log = log;
    const auto index = ledger_->add(complete, leaf, opening);
    EXPECT_TRUE(index) << index.error().message();
    return index->value;
  }
  std::uint64_t admit(LogNumber log, std::uint64_t exchange) {
    return add(log, 40, {.kind = EntryKind::kAdmission, .exchange = exchange_id(exchange)}, true);
  }
  void close(LogNumber log, std::uint64_t exchange, std::uint64_t admission) {
    add(log, 40, {.kind = EntryKind::kOutcome, .exchange = exchange_id(exchange), .admission_index = admission});
  }
  void commit() {
    clock_.wall_ms += 10;
    ASSERT_TRUE(ledger_->commit());
  }
  void publish() {
    for (LogNumber log = 0; log < ledger_->logs(); ++log) ASSERT_TRUE(ledger_->publish(log));
  }

  // Three logs, two segments, pairs across commits and segments, openings; all published.
  void make_small() {
    open();
    const std::uint64_t first = admit(kSystemLog, 1);
    const std::uint64_t second = admit(kA, 2);
    commit();
    publish();
    close(kSystemLog, 1, first);
    add(kB);
    commit();
    add(kA, 30'000);
    add(kSystemLog, 100);
    commit();
    publish();
    close(kA, 2, second);
    admit(kB, 3);
    add(kA, 40'000);
    commit();
    add(kB);
    commit();
    publish();
    ledger_.reset();
    ASSERT_EQ(fs_.list("/ledger/segments")->size(), 2U);
  }

  LedgerCheck check(FileSystem& fs) {
    const tlog::VerifierKey keys[] = {signer_.verifier_key()};
    auto report = check_ledger(fs, kDirectory, keys);
    EXPECT_TRUE(report) << report.error().message();
    return report ? *std::move(report) : LedgerCheck{};
  }
  LedgerCheck check() { return check(fs_); }

  std::vector<std::string> files() {
    std::vector<std::string> out = {"tenants", "spare.seg"};
    for (const char* prefix : {"", "t/a/", "t/b/"}) {
      out.insert(out.end(), {std::string(prefix) + "checkpoint", std::string(prefix) + "positions"});
      for (int level = 0; level < 8; ++level) out.push_back(std::string(prefix) + "hashes/" + std::to_string(level));
    }
    const auto segments = fs_.list("/ledger/segments");
    for (const std::string& name : *segments) out.push_back("segments/" + name);
    return out;
  }
  Bytes content(const std::string& name) { return *fs_.content("/ledger/" + name); }
  void set(const std::string& name, ByteView bytes) { fs_.set_content("/ledger/" + name, bytes); }
  bool found_in(const LedgerCheck& report, const std::string& file) {
    return std::any_of(report.problems.begin(), report.problems.end(),
                       [&](const Finding& problem) { return problem.file == file; });
  }

  FaultFileSystem fs_;
  FakeClock clock_;
  const tlog::NoteSigner signer_ = make_signer();
  std::unique_ptr<Ledger> ledger_;
  int leaves_ = 0;
};

TEST_F(Fsck, ALedgerThatIsWholeHasNoProblem) {
  make_small();
  const LedgerCheck report = check();
  EXPECT_EQ(report.problem_count, 0U) << text(report);
  EXPECT_TRUE(report.notes.empty());
  EXPECT_TRUE(report.unknown.empty());
  EXPECT_FALSE(report.torn);
  EXPECT_FALSE(report.growing);
  EXPECT_EQ(report.segments, 2U);
  EXPECT_EQ(report.commits, 5U);
  EXPECT_EQ(report.entries, 10U);
  EXPECT_EQ(report.openings, 3U);
  ASSERT_EQ(report.logs.size(), 3U);
  EXPECT_EQ(report.logs[0].entries, 3U);
  EXPECT_EQ(report.logs[kA].entries, 4U);
  EXPECT_EQ(report.logs[kA].published, 4U);
  EXPECT_EQ(report.logs[kB].origin, "example.org/log/t/b");
  ASSERT_EQ(report.open_count, 1U);
  EXPECT_EQ(report.open[0].log, kB);
  EXPECT_EQ(report.logs[kB].open_admissions, 1U);
}

TEST_F(Fsck, AnEmptyLedgerHasNoProblem) {
  open();
  ledger_.reset();
  EXPECT_EQ(check().problem_count, 0U) << text(check());
}

TEST_F(Fsck, NoFolderIsNoLedger) {
  const tlog::VerifierKey keys[] = {signer_.verifier_key()};
  EXPECT_EQ(check_ledger(fs_, "/nothing", keys).error().code(), Errc::kNotFound);
}

TEST_F(Fsck, SeveralTilesOfEachLevelAreCompared) {
  open();
  for (int i = 0; i < 1000; ++i) {
    add(i % 3 == 0 ? kA : kSystemLog, 20);
    if (i % 200 == 199) commit();
  }
  publish();
  ledger_.reset();
  EXPECT_EQ(check().problem_count, 0U) << text(check());
  for (const char* file : {"hashes/0", "hashes/1", "t/a/hashes/0", "t/a/hashes/1", "positions", "t/a/positions"}) {
    const Bytes before = content(file);
    for (std::size_t at = 0; at < before.size(); at += before.size() > 1000 ? 97 : 1) {
      Bytes bytes = before;
      bytes[at] ^= std::byte{0x01};
      set(file, bytes);
      const LedgerCheck report = check();
      ASSERT_EQ(report.problem_count, 1U) << file << " " << at << " " << text(report);
      ASSERT_EQ(report.problems[0].file, file);
      const std::size_t item = std::string_view(file).ends_with("positions") ? kPositionSize : tlog::kHashSize;
      ASSERT_EQ(report.problems[0].offset, at / item * item);
    }
    set(file, before);
  }
}

// Each byte that is not zero, and of the zeros a sample. Not found, and why:
// - `spare.seg`: of no meaning; its content is replaced by a header and commits before it becomes a segment.
// - zeros behind the last commit of the last segment, as far as a commit reaches: they may be what a crash left of a
//   commit that was never acknowledged, and are reported as that.
TEST_F(Fsck, EachFlippedByteIsFound) {
  make_small();
  const std::string last = "segments/" + segment_name(1);
  const Bytes last_content = content(last);
  const auto end =
      static_cast<std::size_t>(last_content.rend() - std::find_if(last_content.rbegin(), last_content.rend(),
                                                                  [](std::byte b) { return b != std::byte{0}; }));
  std::uint64_t flips = 0;
  for (const std::string& file : files()) {
    const Bytes before = content(file);
    std::size_t step = 1;
    for (std::size_t at = 0; at < before.size(); at += step) {
      // Leaves of many equal bytes, and zeros.
      const bool dull = at > 0 && before[at] == before[at - 1];
      step = dull && before.size() > 4096 ? 61 : 1;
      Bytes bytes = before;
      bytes[at] ^= std::byte{static_cast<unsigned char>(1U << (at % 8))};
      set(file, bytes);
      const LedgerCheck report = check();
      ++flips;
      if (file == "spare.seg") {
        ASSERT_EQ(report.problem_count, 0U) << text(report);
      } else if (file == last && at >= end) {
        ASSERT_EQ(report.problem_count, 0U) << text(report);
        ASSERT_TRUE(report.torn);
      } else {
        ASSERT_NE(report.problem_count, 0U) << file << " at " << at << " of " << before.size();
      }
    }
    set(file, before);
  }
  EXPECT_GT(flips, 4000U);
  EXPECT_EQ(check().problem_count, 0U);
}

TEST_F(Fsck, EachRemovedFileIsFound) {
  make_small();
  for (const std::string& file : files()) {
    const Bytes before = content(file);
    ASSERT_TRUE(fs_.remove("/ledger/" + file));
    const LedgerCheck report = check();
    EXPECT_EQ(report.problem_count == 0, file == "spare.seg") << file << " " << text(report);
    set(file, before);
  }
  EXPECT_EQ(check().problem_count, 0U);
}

// Not found: the zeros at the end of a segment, cut off in whole blocks. They are room for commits that is not needed.
TEST_F(Fsck, EachTruncatedFileIsFound) {
  make_small();
  for (const std::string& file : files()) {
    const Bytes before = content(file);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, before.size() / 2 + 1, before.size() - 1}) {
      if (size >= before.size()) continue;
      set(file, ByteView(before).first(size));
      const LedgerCheck report = check();
      EXPECT_EQ(report.problem_count == 0, file == "spare.seg") << file << " " << size << " " << text(report);
    }
    set(file, before);
  }
  const std::string last = "segments/" + segment_name(1);
  set(last, ByteView(content(last)).first(content(last).size() - kDirectBlockSize));
  EXPECT_EQ(check().problem_count, 0U) << text(check());
}

TEST_F(Fsck, ACommitThatACrashCutShortIsNoDamage) {
  open();
  add(kSystemLog);
  commit();
  publish();
  add(kA, 20'000);
  fs_.inject({.effect = FaultFileSystem::Effect::kShortWrite, .operation = FaultFileSystem::Operation::kWrite});
  ASSERT_FALSE(ledger_->commit());
  ledger_.reset();
  const LedgerCheck report = check();
  EXPECT_EQ(report.problem_count, 0U) << text(report);
  EXPECT_TRUE(report.torn);
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_EQ(report.notes[0].file, "segments/" + segment_name(0));
}

// Each subset of what a power cut may lose, in a life that commits and publishes.
TEST_F(Fsck, WhatAPowerCutLeavesIsNoDamage) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    FaultFileSystem fs;
    const auto options = [] {
      LedgerOptions o = small_segments();
      o.tenants = {"a"};
      o.single_thread_for_test = true;
      return o;
    }();
    auto ledger = Ledger::open(fs, kDirectory, signer_, clock_, options);
    ASSERT_TRUE(ledger);
    const auto add_to = [&](LogNumber log, std::size_t size) {
      return (*ledger)->add({.log = log}, Bytes(size, std::byte{1}), {}).has_value();
    };
    for (const LogNumber log : {kSystemLog, kA}) ASSERT_TRUE(add_to(log, 40));
    ASSERT_TRUE((*ledger)->commit());
    for (const LogNumber log : {kSystemLog, kA}) ASSERT_TRUE((*ledger)->publish(log));
    fs.inject({.effect = seed % 2 == 0 ? FaultFileSystem::Effect::kCrash : FaultFileSystem::Effect::kCrashInside,
               .nth = 1 + seed / 2});
    for (int round = 0; round < 4; ++round) {
      if (!add_to(kSystemLog, 15'000) || !add_to(kA, 9'000) || !(*ledger)->commit()) break;
      if (!(*ledger)->publish(kSystemLog) || !(*ledger)->publish(kA)) break;
    }
    ledger->reset();
    fs.lose_power(seed);
    const LedgerCheck report = check(fs);
    ASSERT_EQ(report.problem_count, 0U) << text(report);
    // And so does the keeper see it.
    auto again = Ledger::open(fs, kDirectory, signer_, clock_, options);
    ASSERT_TRUE(again) << again.error().message();
    again->reset();
    ASSERT_EQ(check(fs).problem_count, 0U) << text(check(fs));
    ASSERT_FALSE(check(fs).torn);
  }
}

TEST_F(Fsck, DamageBeforeAWholeCommitIsNotTakenForACommitCutShort) {
  open();
  for (int i = 0; i < 4; ++i) {
    add(kSystemLog, 400);
    commit();
  }
  ledger_.reset();  // nothing is published: only what follows shows that it was acknowledged
  const std::string file = "segments/" + segment_name(0);
  const Bytes before = content(file);
  const std::size_t commit_size = kCommitHeaderSize + kEntryHeaderSize + 400;
  for (std::size_t at = kSegmentHeaderSize; at < kSegmentHeaderSize + 3 * commit_size; ++at) {
    Bytes bytes = before;
    bytes[at] ^= std::byte{0x20};
    set(file, bytes);
    const LedgerCheck report = check();
    ASSERT_NE(report.problem_count, 0U) << at;
    ASSERT_FALSE(report.torn);
    ASSERT_EQ(report.problems[0].offset, kSegmentHeaderSize + (at - kSegmentHeaderSize) / commit_size * commit_size);
    ASSERT_EQ(report.commits, 3U);
  }
}

TEST_F(Fsck, WhatIsBehindDamageIsStillChecked) {
  make_small();
  const std::string first = "segments/" + segment_name(0);
  Bytes bytes = content(first);
  bytes[kSegmentHeaderSize + kCommitHeaderSize + kEntryHeaderSize + 3] ^= std::byte{1};
  set(first, bytes);
  Bytes hashes = content("t/b/hashes/0");
  hashes[tlog::kHashSize + 2] ^= std::byte{1};
  set("t/b/hashes/0", hashes);
  const LedgerCheck report = check();
  EXPECT_TRUE(found_in(report, first)) << text(report);
  EXPECT_TRUE(found_in(report, "t/b/hashes/0")) << text(report);
  // The stored hashes of what is missing give the root that was signed.
  EXPECT_FALSE(found_in(report, "checkpoint")) << text(report);
  EXPECT_FALSE(found_in(report, "t/a/checkpoint")) << text(report);
  EXPECT_EQ(report.commits, 4U);
}

TEST_F(Fsck, ASegmentInTheMiddleThatIsMissingIsNamedWithItsEntries) {
  make_small();
  ASSERT_TRUE(fs_.remove("/ledger/segments/" + segment_name(0)));
  const LedgerCheck report = check();
  EXPECT_TRUE(found_in(report, "segments/" + segment_name(0))) << text(report);
  EXPECT_TRUE(found_in(report, "segments/" + segment_name(1))) << text(report);
}

TEST_F(Fsck, AnOlderCheckpointIsFound) {
  open();
  add(kA);
  commit();
  publish();
  const Bytes old = content("t/a/checkpoint");
  add(kA);
  commit();
  publish();
  add(kSystemLog);
  commit();
  ledger_.reset();
  EXPECT_EQ(check().problem_count, 0U) << text(check());
  set("t/a/checkpoint", old);
  const LedgerCheck report = check();
  ASSERT_EQ(report.problem_count, 1U) << text(report);
  EXPECT_EQ(report.problems[0].file, "t/a/checkpoint");
  EXPECT_EQ(report.problems[0].log, "a");
}

TEST_F(Fsck, ACheckpointOfAnotherKeyOrLogIsFound) {
  make_small();
  const Bytes own = content("t/a/checkpoint");
  set("t/a/checkpoint", content("t/b/checkpoint"));
  EXPECT_TRUE(found_in(check(), "t/a/checkpoint"));
  set("t/a/checkpoint", own);
  const tlog::VerifierKey others[] = {make_signer("example.org/log", 9).verifier_key()};
  const auto report = check_ledger(fs_, kDirectory, others);
  ASSERT_TRUE(report);
  for (const char* file : {"checkpoint", "t/a/checkpoint", "t/b/checkpoint"}) EXPECT_TRUE(found_in(*report, file));
}

TEST_F(Fsck, SignedNotesBesideTheCheckpointAreHeldToTheSameTree) {
  make_small();
  const tlog::Frontier frontier = [&] {
    LedgerReader reader(fs_, kDirectory);
    return *tlog::Frontier::load(reader, {3});
  }();
  const auto note = [&](std::uint64_t size, const tlog::Hash& root) {
    return *tlog::sign_checkpoint({.origin = signer_.name(), .size = {size}, .root = root, .extensions = {}}, signer_);
  };
  for (const char* file : {"cosigned", "pending"}) {
    set(file, as_bytes(note(3, frontier.root())));
    EXPECT_EQ(check().problem_count, 0U) << file << text(check());
    EXPECT_TRUE(check().unknown.empty());
    set(file, as_bytes(note(3, tlog::empty_root())));
    EXPECT_TRUE(found_in(check(), file)) << text(check());
    set(file, as_bytes(note(2, frontier.root())));
    EXPECT_TRUE(found_in(check(), file)) << text(check());
    set(file, as_bytes(note(4, frontier.root())));
    EXPECT_NE(check().problem_count, 0U);
    set(file, as_bytes("text"));
    EXPECT_TRUE(found_in(check(), file)) << text(check());
    ASSERT_TRUE(fs_.remove(std::string("/ledger/") + file));
  }
}

TEST_F(Fsck, EachSignatureLineIsTheLogsOrCanBeAWitnesss) {
  make_small();
  const Bytes published = content("checkpoint");
  const auto note = tlog::parse_note(as_chars(published));
  ASSERT_TRUE(note);
  const std::string body = note->text + '\n' + signer_.signature_line(note->text);
  const auto with = [&](std::string_view lines) {
    set("checkpoint", as_bytes(body + std::string(lines)));
    return check();
  };
  EXPECT_EQ(with("").problem_count, 0U) << "one of before there were receipts of COSE";
  const auto witness = tlog::Cosigner::create("witness.example", *crypto::Ed25519PrivateKey::from_seed(Bytes(32)));
  EXPECT_EQ(with(*witness->signature_line(note->text, 1)).problem_count, 0U);
  const tlog::NoteSigner stranger = make_signer(signer_.name(), 9);
  for (const std::string& line :
       {tlog::cose_root_line(signer_, tlog::empty_root()), stranger.signature_line(note->text),
        tlog::cose_root_line(stranger, tlog::parse_checkpoint(note->text)->root)}) {
    const LedgerCheck report = with(line);
    EXPECT_EQ(report.problem_count, 1U) << line << text(report);
    EXPECT_TRUE(found_in(report, "checkpoint"));
  }
  // A key that handed over has its lines in the checkpoint beside its successor's.
  set("checkpoint", published);
  ASSERT_TRUE(hand_over(fs_, kDirectory, signer_, stranger, clock_));
  for (const tlog::NoteSigner* trusted : {&signer_, &stranger}) {
    const auto report = check_ledger(fs_, kDirectory, {&trusted->verifier_key(), 1});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->problem_count, 0U) << text(*report);
  }
}

// Bytes that were made anew, so that checksums hold, are found where they contradict what is signed or each other.
class Forged : public Fsck {
 protected:
  // Writes segment 0 with one commit of these entries.
  struct Entry {
    EntryHeader header;
    Bytes leaf;
    Bytes opening;
  };
  void write(const std::vector<Entry>& entries, CommitHeader header) {
    Bytes payload;
    for (const Entry& entry : entries) {
      std::array<std::byte, kEntryHeaderSize> bytes;
      EntryHeader complete = entry.header;
      complete.leaf_size = static_cast<std::uint32_t>(entry.leaf.size());
      complete.opening_size = static_cast<std::uint32_t>(entry.opening.size());
      store_entry_header(bytes, complete);
      append(payload, bytes);
      append(payload, entry.leaf);
      append(payload, entry.opening);
    }
    header.payload_size = static_cast<std::uint32_t>(payload.size());
    Bytes file(kSegmentHeaderSize + kCommitHeaderSize);
    store_segment_header(MutableByteView(file).first(kSegmentHeaderSize), {});
    store_commit_header(MutableByteView(file).subspan(kSegmentHeaderSize), {}, header, payload);
    append(file, payload);
    file.resize(16 * 1024);
    set("segments/" + segment_name(0), file);
  }
  void SetUp() override {
    open();
    ledger_.reset();
  }
  static constexpr std::uint64_t kSize = kEntryHeaderSize + 1;
  const Bytes leaf_{std::byte{1}};
};

TEST_F(Forged, AsItMustBeIsFine) {
  write({{{.index = 0, .stored_bytes = kSize}, leaf_, {}}, {{.log = kB, .index = 0, .stored_bytes = kSize}, leaf_, {}}},
        {.entry_count = 2, .oldest_open = 2, .oldest_uncovered = 0});
  EXPECT_EQ(check().problem_count, 0U) << text(check());
}

TEST_F(Forged, WhatDoesNotRunOnIsFound) {
  const auto one = [&](const EntryHeader& header, const Bytes& opening, Sequence oldest_open, Sequence uncovered) {
    write({{header, leaf_, opening}}, {.entry_count = 1, .oldest_open = oldest_open, .oldest_uncovered = uncovered});
    return check().problem_count;
  };
  EXPECT_EQ(one({.index = 0, .stored_bytes = kSize}, {}, 1, 0), 0U);
  EXPECT_NE(one({.index = 1, .stored_bytes = kSize}, {}, 1, 0), 0U);
  EXPECT_NE(one({.index = 0, .stored_bytes = kSize + 1}, {}, 1, 0), 0U);
  EXPECT_NE(one({.log = 3, .index = 0, .stored_bytes = kSize}, {}, 1, 0), 0U);
  EXPECT_NE(one({.index = 0, .stored_bytes = kSize}, {}, 0, 0), 0U);
  EXPECT_NE(one({.index = 0, .stored_bytes = kSize}, {}, 1, 1), 0U);
  EXPECT_EQ(one({.kind = EntryKind::kAdmission, .index = 0, .stored_bytes = kSize}, {}, 0, 0), 0U);
  EXPECT_NE(one({.kind = EntryKind::kAdmission, .index = 0, .stored_bytes = kSize}, {}, 1, 0), 0U);
  EXPECT_NE(one({.kind = EntryKind::kOutcome, .index = 0, .stored_bytes = kSize}, {}, 1, 0), 0U);
  EXPECT_EQ(one({.kind = EntryKind::kFact, .index = 0, .stored_bytes = kSize}, {}, 1, 0), 0U);
  EXPECT_NE(one({.kind = EntryKind::kFact, .index = 0, .stored_bytes = kSize}, {}, 0, 0), 0U);
  EXPECT_NE(one({.index = 0, .stored_bytes = kSize + 3}, Bytes(3, std::byte{1}), 1, 0), 0U);
}

TEST_F(Forged, EntriesThatDoNotFillTheirCommitAreFound) {
  for (const std::uint32_t count : {1U, 3U}) {
    write({{{.index = 0, .stored_bytes = kSize}, leaf_, {}}, {{.index = 1, .stored_bytes = 2 * kSize}, leaf_, {}}},
          {.entry_count = count, .oldest_open = count, .oldest_uncovered = 0});
    EXPECT_NE(check().problem_count, 0U) << count;
  }
}

TEST_F(Fsck, FilesOfOthersAreListedAndNotChecked) {
  make_small();
  for (const char* file : {"/ledger/notes.txt", "/ledger/segments/x", "/ledger/hashes/8", "/ledger/t/a/y"}) {
    fs_.set_content(file, as_bytes("hello"));
  }
  const LedgerCheck report = check();
  EXPECT_EQ(report.problem_count, 0U) << text(report);
  EXPECT_EQ(report.unknown, (std::vector<std::string>{"notes.txt", "hashes/8", "segments/x", "t/a/y"}));
}

TEST_F(Fsck, AReadThatFailsIsAProblemAndNotASilence) {
  make_small();
  for (const char* file : {"segments/", "hashes/0", "positions", "checkpoint", "tenants"}) {
    fs_.inject(
        {.effect = FaultFileSystem::Effect::kFail, .operation = FaultFileSystem::Operation::kRead, .path_part = file});
    EXPECT_NE(check().problem_count, 0U) << file;
    EXPECT_TRUE(fs_.struck()) << file;
  }
}

TEST_F(Fsck, ChangesNothing) {
  make_small();
  const std::uint64_t before = fs_.changes();
  check();
  EXPECT_EQ(fs_.changes(), before);
}

// On real files: a keeper commits, publishes and begins segments while the ledger is checked again and again.
TEST_F(Fsck, BesideAKeeperAtWorkThereIsNoFalseAlarm) {
  const testing_support::TempDir folder;
  const std::string directory = folder / "ledger";
  PosixFileSystem fs;
  LedgerOptions options = small_segments();
  options.tenants = {"a"};
  auto ledger = Ledger::open(fs, directory, signer_, clock_, options);
  ASSERT_TRUE(ledger) << ledger.error().message();
  std::atomic<bool> done{false};
  std::thread keeper([&] {
    for (int round = 0; round < 400; ++round) {
      const LogNumber log = round % 3 == 0 ? kA : kSystemLog;
      const auto admission = (*ledger)->add({.kind = EntryKind::kAdmission, .log = log}, Bytes(700, std::byte{1}), {});
      EXPECT_TRUE((*ledger)->commit());
      const auto published = round % 5 == 0 ? (*ledger)->publish(log) : Result<bool>(false);
      EXPECT_TRUE(published);
      EXPECT_TRUE((*ledger)->add({.kind = EntryKind::kOutcome, .log = log, .admission_index = admission->value},
                                 Bytes(static_cast<std::size_t>(round * 7 % 3000), std::byte{2}), {}));
      EXPECT_TRUE((*ledger)->commit());
    }
    done = true;
  });
  const tlog::VerifierKey keys[] = {signer_.verifier_key()};
  int checks = 0;
  std::uint64_t entries = 0;
  for (bool last = false; !last;) {
    last = done;
    const auto report = check_ledger(fs, directory, keys);
    EXPECT_TRUE(report);
    if (!report) break;
    EXPECT_EQ(report->problem_count, 0U) << text(*report);
    EXPECT_GE(report->entries, entries);
    entries = report->entries;
    ++checks;
  }
  keeper.join();
  EXPECT_GT(checks, 2);
  EXPECT_EQ(entries, 800U);
}

}  // namespace
}  // namespace redoubt::ledger::test
