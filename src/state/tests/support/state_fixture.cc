#include "state/tests/support/state_fixture.h"

#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/check.h"

namespace redoubt::state::test {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "redoubt-state-XXXXXX").string();
  REDOUBT_CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

FileSizeLimit::FileSizeLimit(std::uint64_t bytes) {
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  REDOUBT_CHECK(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  before_ = limit.rlim_cur;
  limit.rlim_cur = bytes;
  REDOUBT_CHECK(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

FileSizeLimit::~FileSizeLimit() {
  rlimit limit{};
  REDOUBT_CHECK(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  limit.rlim_cur = before_;
  REDOUBT_CHECK(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

Result<> StateTest::open() {
  engine.reset();
  toy = std::make_unique<Toy>();
  watcher = std::make_unique<Watcher>();
  auto opened = Engine::open(settings, projections(), ledger, ledger, publisher);
  if (!opened) return opened.error();
  engine = *std::move(opened);
  return {};
}

Result<Applied> StateTest::change(Proposal proposal) {
  std::optional<Result<Applied>> answer;
  engine->propose(std::move(proposal), [&](Result<Applied> result) { answer = std::move(result); });
  ledger.deliver();
  if (!answer) return Error(Errc::kDeadlineExceeded, "there was no answer");
  return *answer;
}

void StateTest::change_or_fail(Proposal proposal) {
  auto done = change(std::move(proposal));
  ASSERT_TRUE(done) << done.error().message();
}

std::string StateTest::integrity(const std::string& path) {
  sqlite3* database = nullptr;
  std::string said;
  if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK) {
    const auto take = [](void* out, int, char** columns, char**) {
      static_cast<std::string*>(out)->append(columns[0]);
      return 0;
    };
    char* error = nullptr;
    if (sqlite3_exec(database, "PRAGMA integrity_check", take, &said, &error) != SQLITE_OK) said = error;
    sqlite3_free(error);
  } else {
    said = sqlite3_errmsg(database);
  }
  sqlite3_close(database);
  return said;
}

void StateTest::execute(const std::string& sql) const {
  sqlite3* database = nullptr;
  REDOUBT_CHECK(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
  const int code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
  EXPECT_EQ(code, SQLITE_OK) << sqlite3_errmsg(database);
  sqlite3_close(database);
}

std::vector<std::string> StateTest::set_aside() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    const std::string name = entry.path().filename();
    if (name.find(".damaged-") != std::string::npos) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void StateTest::expect_memory_is_as_loaded() {
  std::map<std::string, Item> held;
  toy->items.for_each([&](std::string_view name, const Item& item) { held[std::string(name)] = item; });
  EXPECT_EQ(held, items_in(engine->tables()));
  const auto counts = watcher->counts;
  ASSERT_TRUE(watcher->load(engine->tables()));
  EXPECT_EQ(counts, watcher->counts);
}

}  // namespace redoubt::state::test
