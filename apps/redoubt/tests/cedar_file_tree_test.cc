#include "redoubt/cedar/file_tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/support/temp_dir.h"

namespace redoubt::app::cedar {
namespace {

struct Entry {
  std::string path;
  std::string content;
  mode_t type = AE_IFREG;
};

Bytes tar_gz(const std::vector<Entry>& entries) {
  std::vector<char> buffer(1 << 20);
  std::size_t used = 0;
  archive* const writer = archive_write_new();
  archive_write_add_filter_gzip(writer);
  archive_write_set_format_ustar(writer);
  EXPECT_EQ(archive_write_open_memory(writer, buffer.data(), buffer.size(), &used), ARCHIVE_OK);
  for (const Entry& entry : entries) {
    archive_entry* const header = archive_entry_new();
    archive_entry_set_pathname(header, entry.path.c_str());
    archive_entry_set_size(header, static_cast<la_int64_t>(entry.content.size()));
    archive_entry_set_filetype(header, entry.type);
    archive_entry_set_perm(header, 0644);
    if (entry.type == AE_IFLNK) archive_entry_set_symlink(header, "/etc/passwd");
    EXPECT_EQ(archive_write_header(writer, header), ARCHIVE_OK);
    archive_write_data(writer, entry.content.data(), entry.content.size());
    archive_entry_free(header);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  return to_bytes(as_bytes(std::string_view(buffer.data(), used)));
}

Errc refusal(const Bytes& bytes, const TreeLimits& limits = {}) {
  const auto tree = read_archive(bytes, limits);
  EXPECT_FALSE(tree);
  return tree ? Errc::kCancelled : tree.error().code();
}

TEST(Archive, GivesItsFilesByPath) {
  const auto tree = read_archive(tar_gz({{"a/", "", AE_IFDIR}, {"a/x", "one"}, {"./b", "two"}}));
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ((*tree)->paths(), (std::set<std::string, std::less<>>{"a/x", "b"}));
  EXPECT_EQ(*(*tree)->read("a/x"), "one");
  EXPECT_EQ(*(*tree)->read("b"), "two");
  EXPECT_EQ((*tree)->read("c").error().code(), Errc::kNotFound);
}

TEST(Archive, RefusesEveryTruncation) {
  const Bytes whole = tar_gz({{"a", std::string(2000, 'x')}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read_archive(ByteView(whole).first(size))) << size;
  }
}

TEST(Archive, RefusesPathsThatLeadElsewhere) {
  for (const char* path : {"/a", "../a", "a/../b", "a//b", "a/./b", "a/.."}) {
    EXPECT_EQ(refusal(tar_gz({{path, "x"}})), Errc::kMalformed) << path;
  }
}

TEST(Archive, RefusesLinksAndRepeatedPaths) {
  EXPECT_EQ(refusal(tar_gz({{"a", "", AE_IFLNK}})), Errc::kMalformed);
  EXPECT_EQ(refusal(tar_gz({{"a", "1"}, {"a", "2"}})), Errc::kMalformed);
}

TEST(Archive, RefusesWhatIsNone) {
  EXPECT_EQ(refusal({}), Errc::kMalformed);
  EXPECT_EQ(refusal(to_bytes(as_bytes(std::string_view("no archive at all")))), Errc::kMalformed);
  EXPECT_EQ(refusal(tar_gz({})), Errc::kMalformed);
}

TEST(Archive, KeepsToTheLimits) {
  const Bytes archive = tar_gz({{"a", "123"}, {"b", "45"}});
  EXPECT_TRUE(read_archive(archive, {.max_files = 2, .max_file_bytes = 3, .max_total_bytes = 5}));
  EXPECT_EQ(refusal(archive, {.max_files = 1}), Errc::kTooLarge);
  EXPECT_EQ(refusal(archive, {.max_file_bytes = 2}), Errc::kTooLarge);
  EXPECT_EQ(refusal(archive, {.max_total_bytes = 4}), Errc::kTooLarge);
}

TEST(Folder, GivesItsFilesByPath) {
  const testing_support::TempDir folder;
  std::filesystem::create_directory(folder / "a");
  std::ofstream(folder / "a/x") << "one";
  std::ofstream(folder / "b") << "two";
  const auto tree = open_folder(folder.path());
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ((*tree)->paths(), (std::set<std::string, std::less<>>{"a/x", "b"}));
  EXPECT_EQ(*(*tree)->read("a/x"), "one");
  EXPECT_EQ((*tree)->read("../b").error().code(), Errc::kNotFound);
  EXPECT_EQ(open_folder(folder.path(), {.max_files = 1}).error().code(), Errc::kTooLarge);
  EXPECT_FALSE(open_folder(folder / "nothing"));
}

}  // namespace
}  // namespace redoubt::app::cedar
