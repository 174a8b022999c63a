#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "tests/support/temp_dir.h"

namespace redoubt {
namespace {

class FileTest : public testing::Test {
 protected:
  std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }
  void write(std::string_view name, std::string_view content) {
    ASSERT_TRUE(write_file_atomically(fs_, path(name), as_bytes(content)).has_value());
  }
  std::string read(std::string_view name) {
    auto content = read_file(fs_, path(name), 1 << 20);
    EXPECT_TRUE(content.has_value()) << content.error().message();
    return content ? std::string(as_chars(*content)) : std::string();
  }

  PosixFileSystem fs_;
  testing_support::TempDir temp_dir_;
  const std::string folder_ = temp_dir_.path();
};

// Passes everything on to the real files, writes down what was asked, and fails the step it is told to.
class FaultyFileSystem final : public FileSystem {
 public:
  explicit FaultyFileSystem(std::string failing = {}) : failing_(std::move(failing)) {}

  std::vector<std::string> steps;

  Result<> step(const std::string& name) {
    steps.push_back(name);
    if (name == failing_) return Error(Errc::kIo, "made to fail");
    return {};
  }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    if (auto ok = step("open"); !ok) return ok.error();
    auto file = real_.open(path, mode);
    if (!file) return file.error();
    return std::unique_ptr<File>(std::make_unique<FaultyFile>(*this, *std::move(file)));
  }
  Result<std::unique_ptr<File>> open_direct(const std::string& path, OpenMode mode) override {
    return open(path, mode);
  }
  Result<> rename(const std::string& from, const std::string& to) override {
    if (auto ok = step("rename"); !ok) return ok;
    return real_.rename(from, to);
  }
  Result<> remove(const std::string& path) override { return real_.remove(path); }
  Result<> make_directory(const std::string& path) override { return real_.make_directory(path); }
  Result<> sync_directory(const std::string& path) override {
    synced_directory = path;
    if (auto ok = step("sync_directory"); !ok) return ok;
    return real_.sync_directory(path);
  }
  Result<std::vector<std::string>> list(const std::string& path) override { return real_.list(path); }
  Result<std::uint64_t> free_bytes(const std::string& path) override { return real_.free_bytes(path); }

  std::string synced_directory;
  std::uint64_t claimed_extra_size = 0;  // what size() adds: the file shrank after it was asked

 private:
  class FaultyFile final : public File {
   public:
    FaultyFile(FaultyFileSystem& fs, std::unique_ptr<File> real) : fs_(fs), real_(std::move(real)) {}
    Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) override {
      if (auto ok = fs_.step("read"); !ok) return ok.error();
      return real_->read_at(offset, out);
    }
    Result<> write_at(std::uint64_t offset, ByteView bytes) override {
      if (auto ok = fs_.step("write"); !ok) {
        static_cast<void>(real_->write_at(offset, bytes.first(bytes.size() / 2)));  // a torn write
        return ok;
      }
      return real_->write_at(offset, bytes);
    }
    Result<> sync_data() override {
      if (auto ok = fs_.step("sync_data"); !ok) return ok;
      return real_->sync_data();
    }
    Result<> truncate(std::uint64_t size) override {
      if (auto ok = fs_.step("truncate"); !ok) return ok;
      return real_->truncate(size);
    }
    Result<> allocate(std::uint64_t size) override { return real_->allocate(size); }
    Result<std::uint64_t> size() override {
      auto size = real_->size();
      if (!size) return size;
      return *size + fs_.claimed_extra_size;
    }

   private:
    FaultyFileSystem& fs_;
    std::unique_ptr<File> real_;
  };

  PosixFileSystem real_;
  std::string failing_;
};

TEST_F(FileTest, AtomicWriteCreatesAndReplacesTheWhole) {
  write("a", "first and long");
  EXPECT_EQ(read("a"), "first and long");
  write("a", "second");
  EXPECT_EQ(read("a"), "second");
  write("a", "");
  EXPECT_EQ(read("a"), "");
  EXPECT_EQ(*fs_.list(folder_), std::vector<std::string>{"a"}) << "the file beside it is gone";
}

TEST_F(FileTest, AtomicWriteIsNotConfusedByALongerLeftover) {
  write("a.new", "left over by a crash, and longer");
  write("a", "short");
  EXPECT_EQ(read("a"), "short");
}

TEST_F(FileTest, AtomicWriteSyncsContentBeforeNameAndNameAfter) {
  FaultyFileSystem fs;
  ASSERT_TRUE(write_file_atomically(fs, path("a"), as_bytes("x")).has_value());
  EXPECT_EQ(fs.steps, (std::vector<std::string>{"open", "truncate", "write", "sync_data", "rename", "sync_directory"}));
  EXPECT_EQ(fs.synced_directory, folder_);
}

TEST_F(FileTest, AtomicWriteThatFailsBeforeTheRenameLeavesTheOldContent) {
  write("a", "old");
  for (const char* failing : {"open", "truncate", "write", "sync_data", "rename"}) {
    FaultyFileSystem fs(failing);
    const auto done = write_file_atomically(fs, path("a"), as_bytes("new content"));
    ASSERT_FALSE(done.has_value()) << failing;
    EXPECT_EQ(done.error().code(), Errc::kIo);
    EXPECT_EQ(read("a"), "old") << failing;
  }
}

TEST_F(FileTest, AtomicWriteReportsThatTheNameMayNotBeDurable) {
  FaultyFileSystem fs("sync_directory");
  EXPECT_FALSE(write_file_atomically(fs, path("a"), as_bytes("new")).has_value());
}

TEST_F(FileTest, AtomicWriteGivesNoRightsToOthers) {
  write("a", "x");
  struct stat info{};
  ASSERT_EQ(::stat(path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07137, 0u) << "nothing beyond 0640";
}

TEST_F(FileTest, AtomicWriteIntoAMissingFolderIsNotFound) {
  EXPECT_EQ(write_file_atomically(fs_, path("absent/a"), as_bytes("x")).error().code(), Errc::kNotFound);
}

TEST_F(FileTest, ReadFileKeepsToItsLimit) {
  write("a", "12345");
  EXPECT_TRUE(read_file(fs_, path("a"), 5).has_value());
  const auto over = read_file(fs_, path("a"), 4);
  ASSERT_FALSE(over.has_value());
  EXPECT_EQ(over.error().code(), Errc::kTooLarge);
  EXPECT_NE(over.error().message().find("`" + path("a") + "`"), std::string::npos);
}

TEST_F(FileTest, ReadFileReturnsWhatIsLeftOfAFileThatShrank) {
  write("a", "12345");
  FaultyFileSystem fs;
  fs.claimed_extra_size = 100;
  const auto content = read_file(fs, path("a"), 1000);
  ASSERT_TRUE(content.has_value());
  EXPECT_EQ(as_chars(*content), "12345");
}

TEST_F(FileTest, ReadFileFailsWhenTheDiskDoes) {
  write("a", "12345");
  FaultyFileSystem fs("read");
  EXPECT_EQ(read_file(fs, path("a"), 1000).error().code(), Errc::kIo);
}

TEST_F(FileTest, MissingFilesAreNotFound) {
  EXPECT_EQ(read_file(fs_, path("absent"), 10).error().code(), Errc::kNotFound);
  EXPECT_EQ(fs_.open(path("absent"), OpenMode::kReadOnly).error().code(), Errc::kNotFound);
  EXPECT_EQ(fs_.open(path("absent"), OpenMode::kReadWrite).error().code(), Errc::kNotFound);
  EXPECT_EQ(fs_.remove(path("absent")).error().code(), Errc::kNotFound);
  EXPECT_EQ(fs_.rename(path("absent"), path("b")).error().code(), Errc::kNotFound);
  EXPECT_EQ(fs_.list(path("absent")).error().code(), Errc::kNotFound);
  EXPECT_EQ(fs_.sync_directory(path("absent")).error().code(), Errc::kNotFound);
  EXPECT_EQ(fs_.free_bytes(path("absent")).error().code(), Errc::kNotFound);
}

TEST_F(FileTest, CreateNewRefusesAFileThatExists) {
  EXPECT_TRUE(fs_.open(path("a"), OpenMode::kCreateNew).has_value());
  EXPECT_EQ(fs_.open(path("a"), OpenMode::kCreateNew).error().code(), Errc::kAlreadyExists);
  EXPECT_TRUE(fs_.open(path("a"), OpenMode::kCreateReadWrite).has_value());
}

TEST_F(FileTest, ReadsAndWritesAtOffsets) {
  auto file = fs_.open(path("a"), OpenMode::kCreateReadWrite);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->write_at(3, as_bytes("def")).has_value());
  ASSERT_TRUE((*file)->write_at(0, as_bytes("abc")).has_value());
  EXPECT_EQ(*(*file)->size(), 6u);
  Bytes out(4);
  EXPECT_EQ(*(*file)->read_at(1, out), 4u);
  EXPECT_EQ(as_chars(out), "bcde");
  EXPECT_EQ(*(*file)->read_at(4, out), 2u) << "fewer at the end";
  EXPECT_EQ(as_chars(ByteView(out).first(2)), "ef");
  EXPECT_EQ(*(*file)->read_at(6, out), 0u);
  EXPECT_EQ(*(*file)->read_at(600, out), 0u);
  EXPECT_TRUE((*file)->sync_data().has_value());
  ASSERT_TRUE((*file)->truncate(2).has_value());
  EXPECT_EQ(read("a"), "ab");
  ASSERT_TRUE((*file)->truncate(4).has_value());
  EXPECT_EQ(read("a"), std::string("ab\0\0", 4));
}

TEST_F(FileTest, WritingToAFileOpenForReadingFails) {
  write("a", "abc");
  auto file = fs_.open(path("a"), OpenMode::kReadOnly);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ((*file)->write_at(0, as_bytes("x")).error().code(), Errc::kIo);
  EXPECT_FALSE((*file)->truncate(0).has_value());
  EXPECT_EQ(read("a"), "abc");
}

TEST_F(FileTest, ReadingAFolderFails) {
  EXPECT_FALSE(read_file(fs_, folder_, 1 << 20).has_value());
}

TEST_F(FileTest, ListIsSortedAndWithoutDots) {
  for (const char* name : {"b", "a", "c10", "c2", ".hidden"}) write(name, "");
  ASSERT_TRUE(fs_.make_directory(path("d")).has_value());
  EXPECT_EQ(*fs_.list(folder_), (std::vector<std::string>{".hidden", "a", "b", "c10", "c2", "d"}));
}

TEST_F(FileTest, MakingAFolderTwiceIsNoError) {
  EXPECT_TRUE(fs_.make_directory(path("d")).has_value());
  EXPECT_TRUE(fs_.make_directory(path("d")).has_value());
  EXPECT_TRUE(fs_.sync_directory(path("d")).has_value());
  EXPECT_FALSE(fs_.make_directory(path("absent/d")).has_value());
}

TEST_F(FileTest, RenameReplacesAndRemoveRemoves) {
  write("a", "1");
  write("b", "2");
  ASSERT_TRUE(fs_.rename(path("a"), path("b")).has_value());
  EXPECT_EQ(read("b"), "1");
  ASSERT_TRUE(fs_.remove(path("b")).has_value());
  EXPECT_TRUE(fs_.list(folder_)->empty());
}

TEST_F(FileTest, FreeBytesIsWithinTheFileSystem) {
  const auto free = fs_.free_bytes(folder_);
  ASSERT_TRUE(free.has_value());
  const auto space = std::filesystem::space(folder_);
  EXPECT_GT(*free, 0u);
  EXPECT_LE(*free, space.capacity);
}

}  // namespace
}  // namespace redoubt
