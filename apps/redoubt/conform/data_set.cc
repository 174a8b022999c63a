#include "redoubt/conform/data_set.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace redoubt::app::conform {

std::string_view name_of(std::string_view path) {
  return path.substr(folder_of(path).size());
}

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash + 1);
}

bool is_documentation(std::string_view path) {
  const std::string_view name = name_of(path);
  return name == "README" || name == "README.md" || name == "PROVENANCE.md" || name == "LICENSE";
}

Result<DataSet> DataSet::open(FileSystem& fs, std::string folder, std::string name) {
  namespace stdfs = std::filesystem;
  DataSet set(fs, std::move(folder), std::move(name));
  std::error_code failed;
  stdfs::recursive_directory_iterator entry(set.folder_, stdfs::directory_options::follow_directory_symlink, failed);
  std::uint64_t documents = 0;
  for (const stdfs::recursive_directory_iterator end; !failed && entry != end; entry.increment(failed)) {
    std::error_code unknown;
    const stdfs::file_status status = entry->status(unknown);
    if (stdfs::is_directory(status)) continue;
    std::string path = entry->path().string().substr(set.folder_.size() + 1);
    if (!stdfs::is_regular_file(status)) {
      set.record(path, Error(Errc::kUnsupported, "neither a file nor a folder"));
    } else if (is_documentation(path)) {
      ++documents;
    } else {
      set.files_.push_back(std::move(path));
    }
  }
  if (failed) return Error(Errc::kIo, failed.message()).in(set.folder_);
  std::sort(set.files_.begin(), set.files_.end());
  if (documents > 0) set.note("", std::to_string(documents) + " documents are for people and not checked");
  return set;
}

bool DataSet::has(const std::string& path) const {
  return std::binary_search(files_.begin(), files_.end(), path);
}

Result<Bytes> DataSet::fetch(const std::string& path, std::uint64_t limit) {
  Result<Bytes> bytes = read_file(fs_, folder_ + "/" + path, limit);
  if (bytes) read_.insert(path);
  return bytes;
}

Result<std::string> DataSet::text(const std::string& path, std::uint64_t limit) {
  const Result<Bytes> bytes = fetch(path, limit);
  if (!bytes) return bytes.error();
  return std::string(as_chars(*bytes));
}

void DataSet::record(std::string_view what, const Result<>& outcome) {
  if (outcome) {
    ++passed_;
  } else {
    failures_.push_back(name_ + "/" + std::string(what) + ": " + outcome.error().message());
  }
}

void DataSet::note(std::string_view what, std::string_view text) {
  notes_.push_back(name_ + (what.empty() ? "" : "/") + std::string(what) + ": " + std::string(text));
}

void DataSet::set_aside(const std::string& path, std::string_view why) {
  read_.insert(path);
  note(path, std::string("not checked: ") + std::string(why));
}

void DataSet::finish() {
  for (const std::string& path : files_) {
    if (!was_read(path)) record(path, Error(Errc::kUnsupported, "not understood: no check reads this file"));
  }
  if (passed_ == 0 && failures_.empty()) record("", Error(Errc::kNotFound, "nothing here to check"));
}

}  // namespace redoubt::app::conform
