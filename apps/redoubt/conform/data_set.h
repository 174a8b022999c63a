// One folder of conformance data: its files, which of them a check has read, and what the checks found.
//
// INVARIANT: no file is passed over. A file is documentation by its name, or a check reads it, or it is set aside with
// a reason that is printed, or it counts as failed.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "tlog/log_verifier.h"

namespace redoubt::app::conform {

// Where the file given as `path` begins after its last slash; the folder in front of it, empty or with a slash.
std::string_view name_of(std::string_view path);
std::string_view folder_of(std::string_view path);

// What is said of the set's folder in READMEs and the like is for people.
bool is_documentation(std::string_view path);

class DataSet final : public tlog::ResourceReader {
 public:
  // `fs` must outlive it. Things in the folder that are neither files nor folders count as failed. kIo when the folder
  // cannot be listed.
  static Result<DataSet> open(FileSystem& fs, std::string folder, std::string name);

  const std::string& name() const { return name_; }
  // All files but documentation, relative to the folder, sorted.
  const std::vector<std::string>& files() const { return files_; }
  bool has(const std::string& path) const;

  // The file, and remembers that it was read. Errors: kNotFound, kTooLarge, kIo.
  Result<Bytes> fetch(const std::string& path, std::uint64_t limit) override;
  Result<std::string> text(const std::string& path, std::uint64_t limit = kMaxTextSize);
  bool was_read(const std::string& path) const { return read_.contains(path); }

  // The outcome of one check, of `what`: a file, or a part of one.
  void record(std::string_view what, const Result<>& outcome);
  // Something that a reader of the result must know, such as what was not checked.
  void note(std::string_view what, std::string_view text);
  // The file is not for the checks made here; `why` is said in a note.
  void set_aside(const std::string& path, std::string_view why);
  // Ends the checks: files that none has read count as failed, and so does a set without any check.
  void finish();

  std::uint64_t passed() const { return passed_; }
  std::uint64_t failed() const { return failures_.size(); }
  const std::vector<std::string>& failures() const { return failures_; }  // `NAME/FILE: why`
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  static constexpr std::uint64_t kMaxTextSize = 16 * 1024 * 1024;

  DataSet(FileSystem& fs, std::string folder, std::string name)
      : fs_(fs), folder_(std::move(folder)), name_(std::move(name)) {}

  FileSystem& fs_;
  std::string folder_;
  std::string name_;
  std::vector<std::string> files_;
  std::set<std::string> read_;
  std::uint64_t passed_ = 0;
  std::vector<std::string> failures_;
  std::vector<std::string> notes_;
};

// The files below a folder of a set, as a log's; `set` must outlive it.
class LogFolder final : public tlog::ResourceReader {
 public:
  // `folder` is empty or ends in a slash.
  LogFolder(DataSet& set, std::string folder) : set_(set), folder_(std::move(folder)) {}
  Result<Bytes> fetch(const std::string& path, std::uint64_t limit) override {
    return set_.fetch(folder_ + path, limit);
  }

 private:
  DataSet& set_;
  std::string folder_;
};

}  // namespace redoubt::app::conform
