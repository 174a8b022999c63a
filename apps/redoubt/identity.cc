#include <sys/file.h>

#include <cstdio>
#include <ctime>
#include <functional>

#include "base/file.h"
#include "base/unique_fd.h"
#include "gateway/api_keys.h"
#include "redoubt/commands.h"
#include "redoubt/layout.h"

#include <fcntl.h>

namespace redoubt::app {
namespace {

// Changes the key file under a lock, so that two commands do not lose one another's change.
Result<> change_keys(const Layout& layout, const std::function<Result<>(gateway::ApiKeys&)>& change) {
  const UniqueFd lock(::open((layout.api_keys() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid() || ::flock(lock.get(), LOCK_EX) != 0) return errno_error("cannot lock the API key file", errno);
  PosixFileSystem fs;
  auto text = read_file(fs, layout.api_keys(), gateway::ApiKeys::kMaxFileBytes);
  if (!text) return text.error();
  auto keys = gateway::ApiKeys::parse(as_chars(*text));
  if (!keys) return keys.error();
  if (auto done = change(*keys); !done) return done;
  return write_file_atomically(fs, layout.api_keys(), as_bytes(keys->format()));
}

std::string date(UnixMillis time) {
  const std::time_t seconds = time.value / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

int run_issue_key(const Common& common, const IssueKeyOptions& options) {
  auto role = gateway::parse_role(options.role);
  if (!role) return report(role.error(), common.json);
  std::string key;
  auto done = change_keys(Layout(common.dir), [&](gateway::ApiKeys& keys) -> Result<> {
    std::vector<std::string> models = options.models;
    if (models.empty() && *role == gateway::Role::kCaller) models = {"*"};
    auto issued = keys.issue({.id = options.name,
                              .role = *role,
                              .tenant = options.tenant,
                              .models = std::move(models),
                              .created = SystemClock().now()},
                             options.replace);
    if (!issued) return issued.error();
    key = *std::move(issued);
    return {};
  });
  if (!done) return report(done.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("name", options.name);
    json.member("role", options.role);
    if (!options.tenant.empty()) json.member("tenant", options.tenant);
    json.member("key", key);
    json.end_object();
    std::printf("%s\n", out.c_str());
  } else {
    std::fprintf(stderr, "key `%s` (%s): shown this once. A running server reads it on SIGHUP.\n", options.name.c_str(),
                 options.role.c_str());
    std::printf("%s\n", key.c_str());
  }
  return kSuccess;
}

int run_revoke_key(const Common& common, const std::string& name) {
  auto done = change_keys(Layout(common.dir), [&](gateway::ApiKeys& keys) { return keys.revoke(name); });
  if (!done) return report(done.error(), common.json);
  if (common.json) {
    std::printf("{\"ok\":true}\n");
  } else {
    std::fprintf(stderr, "key `%s` is revoked. A running server forgets it on SIGHUP.\n", name.c_str());
  }
  return kSuccess;
}

int run_list_keys(const Common& common) {
  PosixFileSystem fs;
  auto text = read_file(fs, Layout(common.dir).api_keys(), gateway::ApiKeys::kMaxFileBytes);
  if (!text) return report(text.error(), common.json);
  auto keys = gateway::ApiKeys::parse(as_chars(*text));
  if (!keys) return report(keys.error(), common.json);
  if (common.json) {
    std::printf("%s", keys->format().c_str());
    return kSuccess;
  }
  for (const gateway::ApiKey& key : keys->all()) {
    std::string models;
    for (const std::string& model : key.models) models += (models.empty() ? "" : ",") + model;
    std::printf("%-24s %-8s %-20s %-16s %s\n", key.id.c_str(), std::string(to_string(key.role)).c_str(),
                date(key.created).c_str(), key.tenant.empty() ? "-" : key.tenant.c_str(), models.c_str());
  }
  return kSuccess;
}

}  // namespace redoubt::app
