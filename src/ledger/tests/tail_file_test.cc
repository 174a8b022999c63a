#include "ledger/internal/tail_file.h"

#include "ledger/tests/support.h"

namespace redoubt::ledger::test {
namespace {

using internal::TailFile;

constexpr const char* kPath = "/segment";
constexpr std::size_t kSize = 2 * TailFile::kWindow;

class TailFileTest : public ::testing::Test {
 protected:
  TailFileTest() {
    writer_ = *fs_.open(kPath, OpenMode::kCreateNew);
    Bytes content(kSize);
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = at(i);
    EXPECT_TRUE(writer_->write_at(0, content));
    tail_ = *TailFile::open(fs_, kPath);
  }

  static std::byte at(std::uint64_t offset) { return static_cast<std::byte>(offset % 251); }

  // So many bytes from there are the file's as it was made, up to its end.
  void expect_content(std::uint64_t offset, std::size_t size) {
    Bytes out(size, std::byte{0xff});
    const auto n = tail_->read_at(offset, out);
    ASSERT_TRUE(n) << n.error().message();
    ASSERT_EQ(*n, std::min<std::uint64_t>(size, offset < kSize ? kSize - offset : 0));
    for (std::size_t i = 0; i < *n; ++i) ASSERT_EQ(out[i], at(offset + i)) << offset + i;
  }
  std::uint64_t reads() const { return fs_.operations(); }  // tests that count do nothing else
  TailFile& tail() { return static_cast<TailFile&>(*tail_); }

  FaultFileSystem fs_;
  std::unique_ptr<File> writer_;
  std::unique_ptr<File> tail_;
};

TEST_F(TailFileTest, ReadsWhatTheFileHas) {
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{4095}, std::uint64_t{4096},
                                     std::uint64_t{TailFile::kWindow - 1}, std::uint64_t{kSize - 9'000},
                                     std::uint64_t{kSize - 1}, std::uint64_t{kSize}, std::uint64_t{kSize + 1}}) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{48}, TailFile::kLeastDirect, std::size_t{20'000},
                                   TailFile::kWindow, TailFile::kWindow + 1}) {
      expect_content(offset, size);
      (void)tail().forget();
      expect_content(offset, size);
    }
  }
}

TEST_F(TailFileTest, ReadsLargePiecesOnce) {
  const std::uint64_t before = reads();
  expect_content(5'000, 10'000);
  EXPECT_EQ(reads(), before + 1);
  expect_content(15'000, 48);
  expect_content(15'048, 30'000);
  EXPECT_EQ(reads(), before + 1);
  expect_content(TailFile::kWindow, 10'000);
  EXPECT_EQ(reads(), before + 2);
}

TEST_F(TailFileTest, ReadsAnewWhatItForgot) {
  expect_content(0, 10'000);
  const Bytes written(100, std::byte{0xee});
  ASSERT_TRUE(writer_->write_at(9'000, written));
  Bytes out(100);
  ASSERT_EQ(*tail_->read_at(9'000, out), out.size());
  EXPECT_EQ(out.front(), at(9'000));
  EXPECT_TRUE(tail().forget());
  EXPECT_FALSE(tail().forget());
  ASSERT_EQ(*tail_->read_at(9'000, out), out.size());
  EXPECT_EQ(out, written);
}

TEST_F(TailFileTest, GoesOnThroughTheCacheWhenADirectReadFails) {
  fs_.inject({.effect = FaultFileSystem::Effect::kFail, .operation = FaultFileSystem::Operation::kRead});
  expect_content(5'000, 10'000);
  EXPECT_TRUE(fs_.struck());
  expect_content(20'000, 10'000);
}

TEST_F(TailFileTest, TakesNoWrites) {
  const Bytes byte(1);
  EXPECT_EQ(tail_->write_at(0, byte).error().code(), Errc::kPermissionDenied);
  EXPECT_EQ(tail_->truncate(0).error().code(), Errc::kPermissionDenied);
  EXPECT_EQ(TailFile::open(fs_, "/nowhere").error().code(), Errc::kNotFound);
}

}  // namespace
}  // namespace redoubt::ledger::test
