#include "tests/support/fault_file_system.h"

#include <algorithm>
#include <random>

#include "base/check.h"

namespace redoubt::testing_support {
namespace {

constexpr std::uint64_t kPageSize = 4096;

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

// `/a/` and `/a` are one folder.
std::string trimmed(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

Error injected(const std::string& path) {
  return Error(Errc::kIo, "injected fault at `" + path + "`");
}
Error missing(const std::string& path) {
  return Error(Errc::kNotFound, "no `" + path + "`");
}

}  // namespace

struct FaultFileSystem::Inode {
  Bytes content;                  // as it reads
  Bytes durable;                  // as it is on the disk
  std::set<std::uint64_t> dirty;  // pages of `content` that a sync would write
  bool size_dirty = false;

  void write(std::uint64_t offset, ByteView bytes) {
    if (offset + bytes.size() > content.size()) {
      content.resize(offset + bytes.size());
      size_dirty = true;
    }
    std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(offset));
    if (bytes.empty()) return;
    for (std::uint64_t page = offset / kPageSize; page <= (offset + bytes.size() - 1) / kPageSize; ++page) {
      dirty.insert(page);
    }
  }

  void resize(std::uint64_t size) {
    content.resize(size);
    size_dirty = true;
    dirty.erase(dirty.lower_bound((size + kPageSize - 1) / kPageSize), dirty.end());
    // The rest of the last page reads as zeros from now on.
    if (size % kPageSize != 0) dirty.insert(size / kPageSize);
  }

  void write_back(std::uint64_t page) {
    const std::uint64_t begin = page * kPageSize;
    const std::uint64_t end = std::min<std::uint64_t>({begin + kPageSize, content.size(), durable.size()});
    if (begin >= end) return;
    std::copy(content.begin() + static_cast<std::ptrdiff_t>(begin), content.begin() + static_cast<std::ptrdiff_t>(end),
              durable.begin() + static_cast<std::ptrdiff_t>(begin));
  }

  void sync() {
    durable.resize(content.size());
    for (const std::uint64_t page : dirty) write_back(page);
    dirty.clear();
    size_dirty = false;
  }
};

// from empty: `to` comes to be; to empty: `from` goes; both: a rename.
struct FaultFileSystem::NameChange {
  std::string from;
  std::string to;
  std::shared_ptr<Inode> inode;  // null for a folder

  std::string folder() const { return folder_of(to.empty() ? from : to); }
  bool shares_name_with(const NameChange& other) const {
    const auto is_other = [&](const std::string& name) {
      return !name.empty() && (name == other.from || name == other.to);
    };
    return is_other(from) || is_other(to);
  }
  void apply(Names& names) const {
    if (!from.empty()) names.erase(from);
    if (!to.empty()) names[to] = inode;
  }
};

class FaultFileSystem::OpenFile final : public File {
 public:
  OpenFile(FaultFileSystem& fs, std::shared_ptr<Inode> inode, std::string path, bool writable, bool direct)
      : fs_(fs),
        inode_(std::move(inode)),
        path_(std::move(path)),
        writable_(writable),
        direct_(direct),
        boot_(fs.boot_) {}

  Result<std::size_t> read_at(std::uint64_t offset, MutableByteView out) override {
    check_alignment(offset, out);
    const std::lock_guard lock(fs_.mutex_);
    if (stale() || fs_.judge(Operation::kRead, path_) != Verdict::kProceed) return injected(path_);
    if (offset >= inode_->content.size()) return std::size_t{0};
    const std::size_t n = std::min<std::uint64_t>(out.size(), inode_->content.size() - offset);
    std::copy_n(inode_->content.begin() + static_cast<std::ptrdiff_t>(offset), n, out.begin());
    return n;
  }

  Result<> write_at(std::uint64_t offset, ByteView bytes) override {
    check_alignment(offset, bytes);
    const std::lock_guard lock(fs_.mutex_);
    if (stale() || !writable_) return injected(path_);
    switch (fs_.judge(Operation::kWrite, path_)) {
      case Verdict::kFail:
        return injected(path_);
      case Verdict::kHalf:
        inode_->write(offset, bytes.first(bytes.size() / 2));
        return injected(path_);
      case Verdict::kProceed:
        inode_->write(offset, bytes);
        break;
    }
    return {};
  }

  Result<> sync_data() override {
    const std::lock_guard lock(fs_.mutex_);
    if (stale()) return injected(path_);
    if (fs_.judge(Operation::kSync, path_) != Verdict::kProceed) {
      // The pages are dropped from what is to be written, not from what is read.
      if (!fs_.crashed_) inode_->dirty.clear();
      return injected(path_);
    }
    inode_->sync();
    return {};
  }

  Result<> truncate(std::uint64_t size) override {
    const std::lock_guard lock(fs_.mutex_);
    if (stale() || !writable_ || fs_.judge(Operation::kTruncate, path_) != Verdict::kProceed) return injected(path_);
    inode_->resize(size);
    return {};
  }

  Result<> allocate(std::uint64_t size) override {
    const std::lock_guard lock(fs_.mutex_);
    if (stale() || !writable_ || fs_.judge(Operation::kTruncate, path_) != Verdict::kProceed) return injected(path_);
    if (size > inode_->content.size()) inode_->resize(size);
    return {};
  }

  Result<std::uint64_t> size() override {
    const std::lock_guard lock(fs_.mutex_);
    if (stale() || fs_.crashed_) return injected(path_);
    return std::uint64_t{inode_->content.size()};
  }

 private:
  bool stale() const { return boot_ != fs_.boot_; }
  void check_alignment(std::uint64_t offset, ByteView bytes) const {
    if (!direct_) return;
    REDOUBT_CHECK(offset % kDirectBlockSize == 0 && bytes.size() % kDirectBlockSize == 0 &&
                  reinterpret_cast<std::uintptr_t>(bytes.data()) % kDirectBlockSize == 0);
  }

  FaultFileSystem& fs_;
  const std::shared_ptr<Inode> inode_;
  const std::string path_;
  const bool writable_;
  const bool direct_;
  const std::uint64_t boot_;
};

FaultFileSystem::FaultFileSystem() {
  names_["/"] = nullptr;
  durable_names_["/"] = nullptr;
}

FaultFileSystem::~FaultFileSystem() = default;

void FaultFileSystem::inject(Fault fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
  struck_ = false;
  struck_path_.clear();
  changes_ = 0;
}

bool FaultFileSystem::struck() const {
  const std::lock_guard lock(mutex_);
  return struck_;
}

std::string FaultFileSystem::struck_path() const {
  const std::lock_guard lock(mutex_);
  return struck_path_;
}

std::uint64_t FaultFileSystem::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

std::uint64_t FaultFileSystem::count(Operation operation, const std::string& path_part) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint64_t>(std::count_if(log_.begin(), log_.end(), [&](const auto& entry) {
    return entry.first == operation && entry.second.find(path_part) != std::string::npos;
  }));
}

// Called before each operation, with the mutex held. With kCrash the operation still happens.
FaultFileSystem::Verdict FaultFileSystem::judge(Operation operation, const std::string& path) {
  if (crashed_) return Verdict::kFail;
  const bool change = operation != Operation::kRead && operation != Operation::kList;
  if (change) {
    ++changes_;
    log_.emplace_back(operation, path);
  }
  if (!fault_ || struck_) return Verdict::kProceed;
  const bool meant = fault_->operation == operation || (fault_->operation == Operation::kAnyChange && change);
  if (!meant || path.find(fault_->path_part) == std::string::npos || --fault_->nth != 0) return Verdict::kProceed;
  struck_ = true;
  struck_path_ = path;
  const bool half = operation == Operation::kWrite;
  switch (fault_->effect) {
    case Effect::kFail:
      return Verdict::kFail;
    case Effect::kShortWrite:
      return half ? Verdict::kHalf : Verdict::kFail;
    case Effect::kCrash:
      crashed_ = true;
      return Verdict::kProceed;
    case Effect::kCrashInside:
      crashed_ = true;
      return half ? Verdict::kHalf : Verdict::kFail;
  }
  return Verdict::kFail;
}

void FaultFileSystem::change_names(NameChange change) {
  change.apply(names_);
  pending_.push_back(std::move(change));
}

// Makes these changes durable, and before each of them the earlier ones of the same names.
void FaultFileSystem::make_durable(const std::set<std::size_t>& chosen) {
  std::set<std::size_t> wanted = chosen;
  for (std::size_t i = pending_.size(); i-- > 0;) {
    if (!wanted.contains(i)) continue;
    for (std::size_t j = 0; j < i; ++j) {
      if (pending_[j].shares_name_with(pending_[i])) wanted.insert(j);
    }
  }
  std::vector<NameChange> rest;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (wanted.contains(i)) {
      pending_[i].apply(durable_names_);
    } else {
      rest.push_back(pending_[i]);
    }
  }
  pending_ = std::move(rest);
}

void FaultFileSystem::restart() {
  ++boot_;
  crashed_ = false;
  fault_.reset();
}

void FaultFileSystem::kill_process() {
  const std::lock_guard lock(mutex_);
  restart();
}

void FaultFileSystem::lose_power(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  std::mt19937_64 random(seed);
  const auto coin = [&] { return (random() & 1) != 0; };
  std::set<std::size_t> kept;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (coin()) kept.insert(i);
  }
  // In the order of names, so that a seed always says the same; a file may have two.
  std::set<std::shared_ptr<Inode>> done;
  for (const Names* names : {&names_, &durable_names_}) {
    for (const auto& [path, inode] : *names) {
      if (inode == nullptr || !done.insert(inode).second) continue;
      if (inode->size_dirty && coin()) inode->durable.resize(inode->content.size());
      for (const std::uint64_t page : inode->dirty) {
        if (coin()) inode->write_back(page);
      }
    }
  }
  make_durable(kept);
  pending_.clear();
  names_.clear();
  for (const auto& [path, inode] : durable_names_) {
    // What lies in a folder that was lost is lost with it. Folders come before what is in them.
    if (path != "/" && !names_.contains(folder_of(path))) continue;
    names_[path] = inode;
    if (inode == nullptr) continue;
    inode->content = inode->durable;
    inode->dirty.clear();
    inode->size_dirty = false;
  }
  durable_names_ = names_;
  restart();
}

void FaultFileSystem::lose_power_and_all_unsynced() {
  {
    const std::lock_guard lock(mutex_);
    pending_.clear();
    for (const auto* names : {&names_, &durable_names_}) {
      for (const auto& [path, inode] : *names) {
        if (inode == nullptr) continue;
        inode->dirty.clear();
        inode->size_dirty = false;
      }
    }
  }
  lose_power(0);
}

std::optional<Bytes> FaultFileSystem::content(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  if (found == names_.end() || found->second == nullptr) return std::nullopt;
  return found->second->content;
}

void FaultFileSystem::set_content(const std::string& path, ByteView bytes) {
  const std::lock_guard lock(mutex_);
  auto& inode = names_[path];
  if (inode == nullptr) inode = std::make_shared<Inode>();
  inode->content = to_bytes(bytes);
  inode->durable = inode->content;
  inode->dirty.clear();
  inode->size_dirty = false;
  durable_names_[path] = inode;
}

bool FaultFileSystem::is_synced(const std::string& path, std::uint64_t size) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  return found != names_.end() && found->second != nullptr && found->second->content.size() == size &&
         found->second->dirty.empty() && !found->second->size_dirty;
}

Result<std::unique_ptr<File>> FaultFileSystem::open(const std::string& path, OpenMode mode) {
  return open_file(path, mode, false);
}

Result<std::unique_ptr<File>> FaultFileSystem::open_direct(const std::string& path, OpenMode mode) {
  return open_file(path, mode, true);
}

Result<std::unique_ptr<File>> FaultFileSystem::open_file(const std::string& path, OpenMode mode, bool direct) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  const bool there = found != names_.end();
  if (there && found->second == nullptr) return Error(Errc::kIo, "`" + path + "` is a folder");
  if (there && mode == OpenMode::kCreateNew) return Error(Errc::kAlreadyExists, "`" + path + "` is there already");
  std::shared_ptr<Inode> inode;
  if (there) {
    if (crashed_) return injected(path);
    inode = found->second;
  } else {
    if (crashed_) return injected(path);
    if (mode == OpenMode::kReadOnly || mode == OpenMode::kReadWrite) return missing(path);
    if (!names_.contains(folder_of(path))) return missing(path);
    if (judge(Operation::kCreate, path) != Verdict::kProceed) return injected(path);
    inode = std::make_shared<Inode>();
    change_names({.from = {}, .to = path, .inode = inode});
  }
  return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, inode, path, mode != OpenMode::kReadOnly, direct));
}

Result<> FaultFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(from);
  if (found == names_.end() || !names_.contains(folder_of(to))) return missing(from);
  if (judge(Operation::kRename, to) != Verdict::kProceed) return injected(to);
  change_names({.from = from, .to = to, .inode = found->second});
  return {};
}

Result<> FaultFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!names_.contains(path)) return missing(path);
  if (judge(Operation::kRemove, path) != Verdict::kProceed) return injected(path);
  change_names({.from = path, .to = {}, .inode = nullptr});
  return {};
}

Result<> FaultFileSystem::make_directory(const std::string& given) {
  const std::string path = trimmed(given);
  const std::lock_guard lock(mutex_);
  if (crashed_) return injected(path);
  if (names_.contains(path)) return {};
  if (!names_.contains(folder_of(path))) return missing(path);
  if (judge(Operation::kMakeDirectory, path) != Verdict::kProceed) return injected(path);
  change_names({.from = {}, .to = path, .inode = nullptr});
  return {};
}

Result<> FaultFileSystem::sync_directory(const std::string& given) {
  const std::string path = trimmed(given);
  const std::lock_guard lock(mutex_);
  if (!names_.contains(path)) return missing(path);
  if (judge(Operation::kSyncDirectory, path) != Verdict::kProceed) return injected(path);
  std::set<std::size_t> chosen;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (pending_[i].folder() == path) chosen.insert(i);
  }
  make_durable(chosen);
  return {};
}

Result<std::vector<std::string>> FaultFileSystem::list(const std::string& given) {
  const std::string path = trimmed(given);
  const std::lock_guard lock(mutex_);
  if (!names_.contains(path)) return missing(path);
  if (judge(Operation::kList, path) != Verdict::kProceed) return injected(path);
  std::vector<std::string> out;
  for (const auto& [name, inode] : names_) {
    if (name != "/" && folder_of(name) == path) out.push_back(name.substr(name.rfind('/') + 1));
  }
  return out;
}

Result<std::uint64_t> FaultFileSystem::free_bytes(const std::string&) {
  return std::uint64_t{1} << 40;
}

}  // namespace redoubt::testing_support
