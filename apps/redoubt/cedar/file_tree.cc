#include "redoubt/cedar/file_tree.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/file.h"

namespace redoubt::app::cedar {
namespace {

class Folder final : public FileTree {
 public:
  Folder(std::string root, const TreeLimits& limits) : root_(std::move(root)), limits_(limits) {}

  Result<> list() {
    namespace stdfs = std::filesystem;
    std::error_code failed;
    stdfs::recursive_directory_iterator entry(root_, stdfs::directory_options::follow_directory_symlink, failed);
    for (const stdfs::recursive_directory_iterator end; !failed && entry != end; entry.increment(failed)) {
      std::error_code unknown;
      if (stdfs::is_directory(entry->status(unknown))) continue;
      // What is no file shows when it is read.
      paths_.insert(entry->path().lexically_relative(root_).generic_string());
      if (paths_.size() > limits_.max_files) return Error(Errc::kTooLarge, "too many files").in(root_);
    }
    if (failed) return Error(Errc::kIo, failed.message()).in(root_);
    return {};
  }

  Result<std::string> read(const std::string& path) const override {
    if (!paths_.contains(path)) return Error(Errc::kNotFound, path + ": no such file");
    PosixFileSystem fs;
    auto bytes = read_file(fs, root_ + "/" + path, limits_.max_file_bytes);
    if (!bytes) return bytes.error();
    return std::string(as_chars(*bytes));
  }

 private:
  std::string root_;
  TreeLimits limits_;
};

bool is_plain_path(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    if (name.empty() || name == "." || name == "..") return false;
    path.remove_prefix(std::min(name.size() + 1, path.size()));
  }
  return true;
}

class Archive final : public FileTree {
 public:
  explicit Archive(const TreeLimits& limits) : limits_(limits) {}

  Result<> unpack(ByteView tar_gz) {
    const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(), &archive_read_free);
    if (!reader) return Error(Errc::kResourceExhausted, "no memory for an archive");
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_format_tar(reader.get());
    if (archive_read_open_memory(reader.get(), tar_gz.data(), tar_gz.size()) != ARCHIVE_OK) return broken(*reader);
    archive_entry* entry = nullptr;
    int status = ARCHIVE_OK;
    while ((status = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
      if (auto done = add(*reader, *entry); !done) return done;
    }
    if (status != ARCHIVE_EOF) return broken(*reader);
    // Without this, any bytes would pass for an empty tar.
    if (archive_filter_code(reader.get(), 0) != ARCHIVE_FILTER_GZIP || contents_.empty()) {
      return Error(Errc::kMalformed, "not a .tar.gz with files");
    }
    return {};
  }

  Result<std::string> read(const std::string& path) const override {
    const auto found = contents_.find(path);
    if (found == contents_.end()) return Error(Errc::kNotFound, path + ": no such file");
    return found->second;
  }

 private:
  static Error broken(archive& reader) {
    const char* const why = archive_error_string(&reader);
    return {Errc::kMalformed, std::string("not a whole .tar.gz: ") + (why == nullptr ? "it cannot be read" : why)};
  }

  Result<> add(archive& reader, archive_entry& entry) {
    const char* const name = archive_entry_pathname(&entry);
    std::string path = name == nullptr ? "" : name;
    if (path.starts_with("./")) path.erase(0, 2);
    const auto type = archive_entry_filetype(&entry);
    if (type == AE_IFDIR) return {};
    if (!is_plain_path(path)) return Error(Errc::kMalformed, "the archive has an unusable path: `" + path + "`");
    if (type != AE_IFREG || archive_entry_hardlink(&entry) != nullptr) {
      return Error(Errc::kMalformed, "neither a file nor a folder: `" + path + "`");
    }
    std::string content;
    std::array<char, 64 * 1024> buffer{};
    while (true) {
      const la_ssize_t got = archive_read_data(&reader, buffer.data(), buffer.size());
      if (got < 0) return broken(reader).in(path);
      if (got == 0) break;
      content.append(buffer.data(), static_cast<std::size_t>(got));
      total_ += static_cast<std::size_t>(got);
      if (content.size() > limits_.max_file_bytes || total_ > limits_.max_total_bytes) {
        return Error(Errc::kTooLarge, "the archive holds too much").in(path);
      }
    }
    if (!paths_.insert(path).second) return Error(Errc::kMalformed, "twice in the archive: `" + path + "`");
    if (paths_.size() > limits_.max_files) return Error(Errc::kTooLarge, "the archive holds too many files");
    contents_.emplace(std::move(path), std::move(content));
    return {};
  }

  TreeLimits limits_;
  std::map<std::string, std::string> contents_;
  std::size_t total_ = 0;
};

}  // namespace

Result<std::unique_ptr<FileTree>> open_folder(const std::string& folder, const TreeLimits& limits) {
  auto tree = std::make_unique<Folder>(folder, limits);
  if (auto listed = tree->list(); !listed) return listed.error();
  return std::unique_ptr<FileTree>(std::move(tree));
}

Result<std::unique_ptr<FileTree>> read_archive(ByteView tar_gz, const TreeLimits& limits) {
  auto tree = std::make_unique<Archive>(limits);
  if (auto unpacked = tree->unpack(tar_gz); !unpacked) return unpacked.error();
  return std::unique_ptr<FileTree>(std::move(tree));
}

}  // namespace redoubt::app::cedar
