// redoubt-notifier: connects to the endpoints of notify.toml, and knows nothing else of Redoubt. A program of its own,
// so that no other maps libcurl and what that brings along, or holds the endpoints' secrets. So far it tries endpoints,
// as a server would use them: `redoubt-notifier try ENDPOINT`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/file.h"
#include "crypto/secret.h"
#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "notify/curl_transport.h"
#include "notify/notifier.h"

namespace redoubt {
namespace {

constexpr std::size_t kSecretFileMax = 8 * 1024;

// As those of `redoubt`.
enum ExitStatus : int { kSuccess = 0, kAnswerIsNo = 1, kUsage = 2, kFailure = 3 };

struct TryOptions {
  std::string dir = "var";
  bool json = false;
  std::string endpoint;
  std::string severity = "low";
  std::string title = "a test of this endpoint";
  unsigned count = 1;
  unsigned seconds = 60;
  bool closes = false;
};

int fail(const Error& error, bool json) {
  if (json) {
    std::string out;
    encoding::JsonWriter writer(out);
    writer.begin_object();
    writer.member("ok", false);
    writer.member("code", to_string(error.code()));
    writer.member("error", error.message());
    writer.end_object();
    std::printf("%s\n", out.c_str());
  } else {
    std::fprintf(stderr, "redoubt-notifier: %s\n", error.message().c_str());
  }
  return error.code() == Errc::kInvalidArgument ? kUsage : kFailure;
}

// A file that the configuration names: from the folder, unless its path is absolute.
std::string in_folder(const std::string& dir, const std::string& path) {
  return path.starts_with('/') ? path : dir + "/" + path;
}

// The file's content, without what ends its line.
Result<crypto::Secret> read_secret(FileSystem& fs, const std::string& path) {
  auto bytes = read_file(fs, path, kSecretFileMax);
  if (!bytes) return bytes.error();
  std::string_view text = as_chars(*bytes);
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  crypto::Secret out = crypto::Secret::copy_of(as_bytes(text));
  crypto::wipe(*bytes);
  return out;
}

// The endpoint alone, told everything.
Result<notify::NotifySettings> settings_for(const std::string& dir, const std::string& endpoint) {
  PosixFileSystem fs;
  const auto text = read_file(fs, dir + "/notify.toml", ConfigFile::kMaxSizeBytes);
  if (!text) return text.error();
  auto all = notify::parse_notify_settings(as_chars(*text), dir + "/notify.toml");
  if (!all) return all.error();
  const notify::Endpoint* const found = all->find(endpoint);
  if (found == nullptr) return Error(Errc::kNotFound, "there is no endpoint `" + endpoint + "` in notify.toml");
  notify::NotifySettings out;
  out.endpoints.push_back(*found);
  if (!found->ca_file.empty()) out.endpoints.front().ca_file = in_folder(dir, found->ca_file);
  out.contacts.push_back({.role = "test", .endpoints = {endpoint}});
  out.rules.push_back({.roles = {"test"}, .kinds = {}, .severity = notify::Severity::kLow, .escalate_to = {}});
  return out;
}

notify::Notice notice_of(const TryOptions& options, const std::string& incident) {
  notify::Notice out{.incident = incident,
                     .kind = options.closes ? notify::NoticeKind::kIncidentClosed : notify::NoticeKind::kTest,
                     .severity = *notify::parse_severity(options.severity),
                     .title = options.title,
                     .text = "Somebody tries whether this endpoint can be reached. Nothing has happened.",
                     .exercise = true,
                     .time = SystemClock().now()};
  out.id = encoding::hex(crypto::Secret::random(8).reveal());
  return out;
}

// What became of each notice, as the notifier reports it.
class Reports {
 public:
  explicit Reports(bool json) : json_(json) {}

  void take(const notify::Attempt& attempt) {
    const std::lock_guard lock(mutex_);
    if (attempt.outcome != notify::Outcome::kDelayed) ++ended_;
    if (attempt.outcome == notify::Outcome::kDelivered) ++delivered_;
    if (!json_) {
      const std::string outcome(to_string(attempt.outcome));
      std::printf("%s  %s, attempt %u%s%s\n", attempt.notice.id.c_str(), outcome.c_str(), attempt.number,
                  attempt.why.empty() ? "" : ": ", attempt.why.c_str());
      std::fflush(stdout);
    }
    last_why_ = attempt.why;
    changed_.notify_all();
  }
  // Whether so many have ended in time.
  bool wait(unsigned count, std::chrono::seconds most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, most, [&] { return ended_ >= count; });
  }
  unsigned delivered() const {
    const std::lock_guard lock(mutex_);
    return delivered_;
  }
  std::string why() const {
    const std::lock_guard lock(mutex_);
    return last_why_;
  }

 private:
  const bool json_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  unsigned ended_ = 0;
  unsigned delivered_ = 0;
  std::string last_why_;
};

int run(const TryOptions& options) {
  auto settings = settings_for(options.dir, options.endpoint);
  if (!settings) return fail(settings.error(), options.json);
  notify::Notifier::Secrets secrets;
  if (const std::string& file = settings->endpoints.front().secret_file; !file.empty()) {
    PosixFileSystem fs;
    auto secret = read_secret(fs, in_folder(options.dir, file));
    if (!secret) return fail(secret.error(), options.json);
    secrets.emplace(options.endpoint, *std::move(secret));
  }
  Reports reports(options.json);
  const SystemClock clock;
  const auto make = []() -> Result<std::unique_ptr<notify::Transport>> {
    auto made = notify::CurlTransport::create();
    if (!made) return made.error();
    return std::unique_ptr<notify::Transport>(*std::move(made));
  };
  auto notifier = notify::Notifier::start(*std::move(settings), std::move(secrets), make, clock, std::random_device{}(),
                                          [&](const notify::Attempt& attempt) { reports.take(attempt); });
  if (!notifier) return fail(notifier.error(), options.json);
  const std::string incident = "0000000000000000";
  for (unsigned i = 0; i < options.count; ++i) (*notifier)->tell(notice_of(options, incident));
  reports.wait(options.count, std::chrono::seconds(options.seconds));
  notifier->reset();
  const bool all = reports.delivered() == options.count;
  if (options.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", all);
    json.member("endpoint", options.endpoint);
    json.member("delivered", reports.delivered());
    json.member("of", options.count);
    json.member("why", reports.why());
    json.end_object();
    std::printf("%s\n", out.c_str());
  }
  return all ? kSuccess : kAnswerIsNo;
}

}  // namespace

}  // namespace redoubt

int main(int argc, char** argv) {
  using namespace redoubt;
  CLI::App app("Tells people of incidents.", "redoubt-notifier");
  app.set_version_flag("--version", REDOUBT_VERSION);
  app.require_subcommand(1);
  TryOptions options;
  int status = kSuccess;
  auto* const verb = app.add_subcommand("try", "try an endpoint of notify.toml");
  verb->add_option("ENDPOINT", options.endpoint, "its name")->required();
  verb->add_option("--dir", options.dir, "Redoubt's folder")->capture_default_str();
  verb->add_flag("--json", options.json, "answer in JSON");
  verb->add_option("--severity", options.severity, "low, medium, high or critical")
      ->check(CLI::IsMember({"low", "medium", "high", "critical"}))
      ->capture_default_str();
  verb->add_option("--title", options.title, "what it says")->capture_default_str();
  verb->add_option("--count", options.count, "how many notices")->check(CLI::Range(1, 100))->capture_default_str();
  verb->add_option("--timeout", options.seconds, "seconds to wait for them")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  verb->add_flag("--close", options.closes, "tell that the incident of these tests is over");
  verb->callback([&] { status = run(options); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kSuccess : kUsage;
  }
  return status;
}
