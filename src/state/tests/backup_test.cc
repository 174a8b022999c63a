#include "state/backup.h"

#include "state/snapshot.h"
#include "state/tests/support/state_fixture.h"

namespace redoubt::state::test {
namespace {

namespace fs = std::filesystem;

const record::FactActor kRedoubt{.principal = "redoubt"};

class BackupTest : public StateTest {
 protected:
  void SetUp() override {
    open_or_fail();
    for (int i = 0; i < 120; ++i) {
      change_or_fail(
          create("item" + std::to_string(i), i, "a note of item " + std::to_string(i) + std::string(1500, '.')));
    }
  }
  Result<BackupMade> make(const std::string& name = "backup") {
    return backup(path, {.recipient = key.public_key, .checkpoint_note = "a note\n", .now = {1'790'000'000'000}}, files,
                  folder / name);
  }
  void record(const BackupMade& made) { change_or_fail(propose_backup_record(made, kRedoubt, 0)); }
  Result<RestoreReport> restore_backup(const std::string& name = "backup") {
    return restore(folder / name, key, folder / "restored.db", projections(), ledger, files);
  }
  // The live tables have gone on to where a restored state must come.
  void expect_restored_as_live() {
    const auto live = *engine->table_digests();
    engine.reset();
    const int loads = toy->loads;
    auto report = restore_backup();
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(toy->loads, loads) << "the memory of projections is not touched";
    path = folder / "restored.db";
    settings.path = path;
    open_or_fail();
    EXPECT_FALSE(engine->start().rebuilt);
    EXPECT_EQ(engine->start().replayed, 0U);
    EXPECT_EQ(*engine->table_digests(), live);
    EXPECT_EQ(integrity(path), "ok");
    expect_nothing_unsealed_is_left();
  }
  void expect_nothing_unsealed_is_left() {
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      const std::string name = entry.path().filename();
      for (const char* part : {".copying", ".unsealed", ".restored", ".building", ".part"}) {
        EXPECT_EQ(name.find(part), std::string::npos) << name;
      }
    }
  }
  Bytes bytes_of(const std::string& name) { return *read_file(files, folder / name, 1 << 30); }
  void put(const std::string& name, ByteView bytes) { ASSERT_TRUE(write_file_atomically(files, folder / name, bytes)); }

  PosixFileSystem files;
  crypto::X25519KeyPair key = crypto::X25519KeyPair::generate();
};

TEST_F(BackupTest, IsOnRecordBeforeItIsTaken) {
  const std::string recipient(64, 'a');
  for (const std::uint64_t number : {0U, 1U}) {
    auto begin = propose_backup_begin(recipient, engine->version_of(kBackupsObject));
    ASSERT_TRUE(begin) << begin.error().message();
    EXPECT_EQ(begin->expects, number);
    begin->actor = kRedoubt;
    change_or_fail(*begin);
  }
  EXPECT_EQ(engine->version_of(kBackupsObject), 2U);
  auto made = make();
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->header.applied, 121U) << "the backup holds that it was taken";
  expect_restored_as_live();
}

TEST_F(BackupTest, IsNotBegunForAKeyOfAnotherForm) {
  for (const std::string& recipient :
       {std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'A'), std::string(64, 'g')}) {
    const auto begin = propose_backup_begin(recipient, 0);
    ASSERT_FALSE(begin) << recipient;
    EXPECT_EQ(begin.error().code(), Errc::kInvalidArgument);
  }
}

TEST_F(BackupTest, SaysWhatItIs) {
  auto made = make();
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->header.applied, 119U);
  auto file = files.open(folder / "backup", OpenMode::kReadOnly);
  ASSERT_TRUE(file);
  auto header = read_backup_header(**file);
  ASSERT_TRUE(header) << header.error().message();
  EXPECT_EQ(header->applied, 119U);
  EXPECT_EQ(header->leaf_hash, made->header.leaf_hash);
  EXPECT_EQ(header->made.value, 1'790'000'000'000);
  EXPECT_EQ(header->checkpoint_note, "a note\n");
  expect_nothing_unsealed_is_left();
}

TEST_F(BackupTest, HoldsNothingInTheClear) {
  ASSERT_TRUE(make());
  const Bytes bytes = bytes_of("backup");
  for (const std::string_view text : {"a note of item", "item11", "toy_items", "SQLite"}) {
    EXPECT_EQ(as_chars(bytes).find(text), std::string_view::npos) << text;
  }
  const auto others = fs::status(folder / "backup").permissions() & fs::perms::others_all;
  EXPECT_EQ(others, fs::perms::none);
}

TEST_F(BackupTest, IsRestoredAndBroughtUpToTheLedger) {
  ASSERT_TRUE(make());
  change_or_fail(add("item3", 5, 1));
  change_or_fail(remove("item4", 1));
  expect_restored_as_live();
}

TEST_F(BackupTest, OneThatTheLedgerKnowsIsRestoredWithoutFoldingAllAgain) {
  auto made = make();
  ASSERT_TRUE(made);
  record(*made);
  change_or_fail(add("item3", 5, 1));
  const auto openings = ledger.openings_read();
  expect_restored_as_live();
  EXPECT_EQ(ledger.openings_read(), openings) << "no value was asked for again";
}

TEST_F(BackupTest, LaterErasuresAreFoldedBeforeAnythingServes) {
  for (const bool known : {false, true}) {
    const std::string name = known ? "known" : "unknown";
    auto made = make(name);
    ASSERT_TRUE(made);
    if (known) record(*made);
    const std::uint64_t erased = known ? 7 : 8;
    change_or_fail(erasure(erased, {"note"}, 0));
    ledger.destroy_opening(erased);
    engine.reset();
    auto report = restore_backup(name);
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(report->known_to_ledger, known);
    const Bytes file = bytes_of("restored.db");
    EXPECT_EQ(as_chars(file).find("a note of item " + std::to_string(erased) + "."), std::string_view::npos);
    fs::remove(folder / "restored.db");
    open_or_fail();
  }
}

TEST_F(BackupTest, IsOfOneMomentWhileChangesGoOn) {
  auto made = make();
  ASSERT_TRUE(made);
  change_or_fail(create("later", 1));
  auto again = make("again");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->header.applied, 120U);
  EXPECT_NE(again->digest, made->digest);
}

TEST_F(BackupTest, WithoutTheKeyItCannotBeOpened) {
  ASSERT_TRUE(make());
  engine.reset();
  key = crypto::X25519KeyPair::generate();
  auto report = restore_backup();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Errc::kVerifyFailed);
  EXPECT_FALSE(fs::exists(folder / "restored.db"));
  expect_nothing_unsealed_is_left();
}

TEST_F(BackupTest, AChangeOfAnyByteIsNoticed) {
  ASSERT_TRUE(make());
  engine.reset();
  const Bytes whole = bytes_of("backup");
  const std::size_t header = 72 + 7 + 80;
  std::vector<std::size_t> places{whole.size() - 1, header, header + 65'552, header + 65'551};
  for (std::size_t i = 0; i < header; ++i) places.push_back(i);
  for (const std::size_t place : places) {
    Bytes altered = whole;
    altered[place] ^= std::byte{1};
    put("altered", altered);
    EXPECT_FALSE(restore_backup("altered")) << place;
    EXPECT_FALSE(fs::exists(folder / "restored.db")) << place;
  }
  expect_nothing_unsealed_is_left();
}

TEST_F(BackupTest, ChunksCannotBeCutMovedRepeatedOrExchanged) {
  ASSERT_TRUE(make("one"));
  ASSERT_TRUE(make("two"));
  engine.reset();
  const Bytes one = bytes_of("one");
  const Bytes two = bytes_of("two");
  const std::size_t start = 72 + 7 + 80;
  const std::size_t chunk = 65'552;
  ASSERT_GT(one.size(), start + 3 * chunk);
  const auto refuse = [&](const Bytes& bytes, const char* what) {
    put("altered", bytes);
    EXPECT_FALSE(restore_backup("altered")) << what;
  };
  const auto at = [](Bytes& bytes, std::size_t offset) { return bytes.begin() + static_cast<std::ptrdiff_t>(offset); };
  Bytes cut = one;
  cut.resize(start + chunk);
  refuse(cut, "cut at a chunk's end");
  cut.resize(start + chunk / 2);
  refuse(cut, "cut within a chunk");
  cut.resize(40);
  refuse(cut, "cut within the header");
  refuse({}, "empty");
  Bytes longer = one;
  longer.push_back({});
  refuse(longer, "with one byte more");
  Bytes moved = one;
  std::swap_ranges(at(moved, start), at(moved, start + chunk), at(moved, start + chunk));
  refuse(moved, "two chunks exchanged");
  Bytes repeated = one;
  std::copy_n(at(repeated, start), chunk, at(repeated, start + chunk));
  refuse(repeated, "a chunk repeated");
  Bytes other = two;
  std::copy_n(one.begin() + static_cast<std::ptrdiff_t>(start), chunk, at(other, start));
  refuse(other, "a chunk of another backup");
  put("altered", one);
  EXPECT_TRUE(restore_backup("altered"));
}

TEST_F(BackupTest, OfAnotherLedgerOrARolledBackOneIsRefused) {
  ASSERT_TRUE(make());
  engine.reset();
  ledger.cut(60);
  auto report = restore_backup();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Errc::kVerifyFailed);
  EXPECT_NE(report.error().message().find("the ledger was rolled back, or is another one"), std::string::npos);
  for (int i = 60; i < 130; ++i) {
    ledger.put(
        raw_fact(create("other" + std::to_string(i), 1), ledger.clock, static_cast<std::uint64_t>(i) - 1).record);
  }
  report = restore_backup();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Errc::kVerifyFailed);
  EXPECT_FALSE(fs::exists(folder / "restored.db"));
}

// Anybody may seal a backup to a public key.
TEST_F(BackupTest, AlteredTablesAreRefusedWhoeverSealedThem) {
  engine.reset();
  fs::copy_file(path, folder / "saved");
  execute("UPDATE toy_items SET amount = 999 WHERE name = 'item7'");
  ASSERT_TRUE(make("altered"));
  fs::remove(path + "-wal");
  fs::rename(folder / "saved", path);
  for (const bool known : {false, true}) {
    open_or_fail();
    if (known) {
      auto made = make("true");
      ASSERT_TRUE(made);
      record(*made);
    }
    engine.reset();
    auto report = restore_backup("altered");
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code(), Errc::kVerifyFailed);
    EXPECT_EQ(report.error().message(), "the tables of the backup are not what the ledger says");
    EXPECT_FALSE(fs::exists(folder / "restored.db"));
    expect_nothing_unsealed_is_left();
  }
  EXPECT_TRUE(restore_backup("true"));
}

TEST_F(BackupTest, TablesWithSomethingOfTheirOwnAreRefused) {
  engine.reset();
  execute("CREATE TRIGGER evil AFTER UPDATE ON toy_items BEGIN DELETE FROM toy_links; END");
  ASSERT_TRUE(make());
  auto report = restore_backup();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Errc::kCorrupt);
}

TEST_F(BackupTest, OneOlderThanTheLedgersBeginningIsRefused) {
  ASSERT_TRUE(make());
  change_or_fail(create("later", 1));
  std::optional<Result<SnapshotWritten>> written;
  write_snapshot(*engine, kRedoubt, [&](Result<SnapshotWritten> done) { written = std::move(done); });
  ledger.deliver();
  ASSERT_TRUE(written && *written);
  ledger.drop_before(121);
  engine.reset();
  auto report = restore_backup();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Errc::kNotFound);
}

TEST_F(BackupTest, OneThatIsAlsoASnapshotIsKnownByIt) {
  auto made = make();
  ASSERT_TRUE(made);
  std::optional<Result<SnapshotWritten>> written;
  write_snapshot(*engine, kRedoubt, [&](Result<SnapshotWritten> done) { written = std::move(done); });
  ledger.deliver();
  ASSERT_TRUE(written && *written);
  ledger.drop_before(119);
  expect_restored_as_live();
}

TEST_F(BackupTest, NothingIsOverwritten) {
  ASSERT_TRUE(make());
  auto again = make();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::kAlreadyExists);
  auto report = restore(folder / "backup", key, path, projections(), ledger, files);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Errc::kAlreadyExists);
}

TEST_F(BackupTest, NeedsTablesAndAFact) {
  auto none = backup(folder / "none.db", {.recipient = key.public_key}, files, folder / "x");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Errc::kNotFound);
  engine.reset();
  ledger.cut(0);
  fs::remove(path);
  open_or_fail();
  auto empty = make();
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code(), Errc::kInvalidArgument);
  EXPECT_FALSE(fs::exists(folder / "backup"));
}

TEST_F(BackupTest, ANoteThatIsTooLargeIsRefused) {
  auto made = backup(path, {.recipient = key.public_key, .checkpoint_note = std::string(kBackupNoteMax + 1, 'n')},
                     files, folder / "backup");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Errc::kTooLarge);
  expect_nothing_unsealed_is_left();
}

TEST_F(BackupTest, AFullDiskLeavesNothingBehind) {
  {
    const FileSizeLimit limit(100'000);
    EXPECT_FALSE(make());
  }
  expect_nothing_unsealed_is_left();
  EXPECT_FALSE(fs::exists(folder / "backup"));
  ASSERT_TRUE(make());
  engine.reset();
  {
    const FileSizeLimit limit(100'000);
    EXPECT_FALSE(restore_backup());
  }
  expect_nothing_unsealed_is_left();
  EXPECT_FALSE(fs::exists(folder / "restored.db"));
  EXPECT_TRUE(restore_backup());
}

}  // namespace
}  // namespace redoubt::state::test
