// Bad days on demand, for programs that do not know it: loaded with LD_PRELOAD, told what to do by a file in memory.
//
// The file that REDOUBT_FAULTS names holds two Controls, for the programs `redoubt` and `redoubt-keeper`, and is
// written by the test (tests/faults/faults.py) while they run. Nothing is asked of the system but what any program may
// ask: the file is mapped before main(), and waiting is nanosleep().
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

enum Mode : std::int64_t { kPass, kBlock, kFail, kSlow };

// Eight-byte fields; faults.py has the same list.
struct Control {
  std::atomic<std::int64_t> sync_mode;       // of fdatasync and fsync
  std::atomic<std::int64_t> sync_argument;   // kFail: errno; kSlow: milliseconds
  std::atomic<std::int64_t> write_mode;      // of pwrite
  std::atomic<std::int64_t> write_argument;  // as sync_argument
  std::atomic<std::int64_t> read_mode;       // of pread
  std::atomic<std::int64_t> read_argument;   // as sync_argument
  std::atomic<std::int64_t> clock_shift_s;   // added to the wall clock
  std::atomic<std::int64_t> free_bytes;      // what statvfs says; negative: the truth
  std::atomic<std::int64_t> blocked;         // written here: calls that wait now
  std::atomic<std::int64_t> syncs;           // written here: calls of fdatasync and fsync
  std::atomic<std::int64_t> kill_at;         // the step at which the program is killed, before it is done; 0: none
  std::atomic<std::int64_t> steps;           // written here, if one is: what reaches the disk so far, by sync or name
  std::atomic<std::int64_t> place_mode;      // of rename, of what is named NAME.building
  std::atomic<std::int64_t> place_argument;  // as sync_argument
};
static_assert(sizeof(Control) == 112);

Control truth{};  // when no file says otherwise
Control* control = &truth;
bool is_of_ours = false;  // rather than a program that one of ours started

template <class Function>
Function real(const char* name) {
  void* found = ::dlsym(RTLD_NEXT, name);
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function>(found);
}

__attribute__((constructor)) void load() {
  truth.free_bytes = -1;
  const char* path = ::getenv("REDOUBT_FAULTS");
  if (path == nullptr) return;
  const bool keeper = std::strcmp(program_invocation_short_name, "redoubt-keeper") == 0;
  is_of_ours = keeper || std::strcmp(program_invocation_short_name, "redoubt") == 0;
  const int fd = ::open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) std::abort();
  void* mapped = ::mmap(nullptr, 2 * sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) std::abort();
  ::close(fd);
  control = static_cast<Control*>(mapped) + (keeper ? 1 : 0);
}

void sleep_ms(std::int64_t ms) {
  timespec left{ms / 1000, ms % 1000 * 1'000'000};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

// False when the call shall fail; errno is set then.
bool go_ahead(const std::atomic<std::int64_t>& mode, const std::atomic<std::int64_t>& argument) {
  if (mode == kBlock) {
    ++control->blocked;
    while (mode == kBlock) sleep_ms(5);
    --control->blocked;
  }
  if (mode == kSlow) sleep_ms(argument);
  if (mode != kFail) return true;
  errno = static_cast<int>(argument);
  return false;
}

void take_step() {
  if (control->kill_at != 0 && is_of_ours && ++control->steps == control->kill_at) ::kill(::getpid(), SIGKILL);
}

template <class Info>
int shrink(int result, Info* info) {
  if (result == 0 && control->free_bytes >= 0) {
    const auto blocks = static_cast<fsblkcnt_t>(control->free_bytes) / info->f_frsize;
    info->f_bavail = blocks;
    info->f_bfree = blocks;
  }
  return result;
}

}  // namespace

extern "C" {

int fdatasync(int fd) {
  static const auto next = real<int (*)(int)>("fdatasync");
  ++control->syncs;
  take_step();
  return go_ahead(control->sync_mode, control->sync_argument) ? next(fd) : -1;
}

int fsync(int fd) {
  static const auto next = real<int (*)(int)>("fsync");
  ++control->syncs;
  take_step();
  return go_ahead(control->sync_mode, control->sync_argument) ? next(fd) : -1;
}

int rename(const char* from, const char* to) {
  static const auto next = real<int (*)(const char*, const char*)>("rename");
  take_step();
  constexpr char kBuilding[] = ".building";
  const std::size_t size = std::strlen(from);
  const bool building = size >= sizeof kBuilding && std::strcmp(from + size + 1 - sizeof kBuilding, kBuilding) == 0;
  return !building || go_ahead(control->place_mode, control->place_argument) ? next(from, to) : -1;
}

int unlink(const char* path) {
  static const auto next = real<int (*)(const char*)>("unlink");
  if (control->kill_at != 0 && ::access(path, F_OK) == 0) take_step();  // a confined program may not ask
  return next(path);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  static const auto next = real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return go_ahead(control->write_mode, control->write_argument) ? next(fd, bytes, size, offset) : -1;
}

ssize_t pread(int fd, void* bytes, size_t size, off_t offset) {
  static const auto next = real<ssize_t (*)(int, void*, size_t, off_t)>("pread");
  return go_ahead(control->read_mode, control->read_argument) ? next(fd, bytes, size, offset) : -1;
}

ssize_t pread64(int fd, void* bytes, size_t size, off64_t offset) {
  return pread(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  return pwrite(fd, bytes, size, offset);
}

int clock_gettime(clockid_t clock, timespec* out) {
  static const auto next = real<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int result = next(clock, out);
  if (result == 0 && clock == CLOCK_REALTIME) out->tv_sec += control->clock_shift_s;
  return result;
}

time_t time(time_t* out) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

int statvfs(const char* path, struct statvfs* info) {
  static const auto next = real<int (*)(const char*, struct statvfs*)>("statvfs");
  return shrink(next(path, info), info);
}

int fstatvfs(int fd, struct statvfs* info) {
  static const auto next = real<int (*)(int, struct statvfs*)>("fstatvfs");
  return shrink(next(fd, info), info);
}

int statvfs64(const char* path, struct statvfs64* info) {
  static const auto next = real<int (*)(const char*, struct statvfs64*)>("statvfs64");
  return shrink(next(path, info), info);
}

int fstatvfs64(int fd, struct statvfs64* info) {
  static const auto next = real<int (*)(int, struct statvfs64*)>("fstatvfs64");
  return shrink(next(fd, info), info);
}

}  // extern "C"
