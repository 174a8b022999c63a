// A disk in memory that counts, fails on demand, and forgets what was not synced.
//
//   FaultFileSystem fs;                                  // holds the folder `/`
//   fs.inject({.effect = FaultFileSystem::Effect::kCrash, .nth = 17});
//   …                                                    // the 17th change is the last one that happens
//   fs.lose_power(seed);                                 // what was not synced survives in part, as the seed says
//   …                                                    // the same disk, after the restart
//
// What it holds against a program, like the disks it stands for:
// - Written data is durable after sync_data() of the file only. Until then a power cut keeps any subset of its pages of
//   4 KiB, and the old or the new size.
// - Names are durable after sync_directory() of the folder they are in only; a power cut keeps or loses each change of
//   a name. A rename is one change, of the folder that it leads to.
// - After a sync that failed the pages read as written, are taken for clean, and no later sync writes them.
//
// All functions: any thread. Which change is the nth depends on the order in which threads make them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"

namespace redoubt::testing_support {

class FaultFileSystem final : public FileSystem {
 public:
  // Changes are all but kRead, kList and openings that make no file.
  enum class Operation : std::uint8_t {
    kAnyChange,
    kCreate,
    kWrite,
    kTruncate,
    kSync,
    kRename,
    kRemove,
    kMakeDirectory,
    kSyncDirectory,
    kRead,
    kList,
  };
  enum class Effect : std::uint8_t {
    kFail,         // the operation fails and changes nothing
    kShortWrite,   // a write writes half and fails; other operations as kFail
    kCrash,        // the operation happens, and from then on everything fails
    kCrashInside,  // a write writes half, others do not happen; from then on everything fails
  };
  struct Fault {
    Effect effect = Effect::kFail;
    Operation operation = Operation::kAnyChange;
    std::string path_part;  // only operations on paths that contain it
    std::uint64_t nth = 1;  // of those, from one
  };

  FaultFileSystem();
  ~FaultFileSystem() override;

  // From now on; faults that were there go.
  void inject(Fault fault);
  // Whether the fault has come to pass since it was injected.
  bool struck() const;
  // What it came to pass on; empty before.
  std::string struck_path() const;
  // Changes since inject() or the beginning.
  std::uint64_t changes() const;
  // Operations of this kind on paths that contain `path_part`, since the beginning.
  std::uint64_t count(Operation operation, const std::string& path_part) const;

  // The power goes and comes back: see above. All open files are of no more use.
  void lose_power(std::uint64_t seed);
  // The power goes, and exactly what was synced is left.
  void lose_power_and_all_unsynced();
  // The program ends and the system goes on: what was written stays, synced or not. All open files are of no more use.
  void kill_process();

  // The file as it reads now, without counting. nullopt when there is none.
  std::optional<Bytes> content(const std::string& path) const;
  // Replaces or makes the file, durably.
  void set_content(const std::string& path, ByteView bytes);
  // Whether the file is there with this size, and all of it synced.
  bool is_synced(const std::string& path, std::uint64_t size) const;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  // The same file; reads and writes that are not whole, aligned blocks end the test.
  Result<std::unique_ptr<File>> open_direct(const std::string& path, OpenMode mode) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<> make_directory(const std::string& path) override;
  Result<> sync_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<std::uint64_t> free_bytes(const std::string& path) override;

 private:
  struct Inode;
  struct NameChange;
  class OpenFile;
  using Names = std::map<std::string, std::shared_ptr<Inode>>;  // by path; a folder has a null inode

  enum class Verdict : std::uint8_t { kProceed, kFail, kHalf };
  Result<std::unique_ptr<File>> open_file(const std::string& path, OpenMode mode, bool direct);
  Verdict judge(Operation operation, const std::string& path);
  void change_names(NameChange change);
  void make_durable(const std::set<std::size_t>& chosen);
  void restart();

  mutable std::mutex mutex_;  // guards everything below, and the inodes
  Names names_;
  Names durable_names_;
  std::vector<NameChange> pending_;  // changes of names that no sync has made durable, in order
  std::optional<Fault> fault_;
  bool struck_ = false;
  std::string struck_path_;
  bool crashed_ = false;
  std::uint64_t changes_ = 0;
  std::uint64_t boot_ = 0;  // files opened in an earlier one are of no use
  std::vector<std::pair<Operation, std::string>> log_;
};

}  // namespace redoubt::testing_support
