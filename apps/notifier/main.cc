// redoubt-notifier: connects to the endpoints of notify.toml, and knows nothing else of Redoubt. A program of its own,
// so that no other maps libcurl and what that brings along, or holds the endpoints' secrets. `redoubt serve` starts
// `redoubt-notifier serve`; people try an endpoint as the server would use it: `redoubt-notifier try ENDPOINT`.
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
#include "base/log.h"
#include "base/standard_fds.h"
#include "crypto/secret.h"
#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "notifier/endpoint_files.h"
#include "notifier/serve.h"
#include "notify/curl_transport.h"
#include "notify/notifier.h"

namespace redoubt {
namespace {

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

Result<notify::Endpoint> find_endpoint(FileSystem& fs, const std::string& dir, const std::string& name) {
  const auto text = read_file(fs, dir + "/notify.toml", ConfigFile::kMaxSizeBytes);
  if (!text) return text.error();
  const auto all = notify::parse_notify_settings(as_chars(*text), dir + "/notify.toml");
  if (!all) return all.error();
  const notify::Endpoint* const found = all->find(name);
  if (found == nullptr) return Error(Errc::kNotFound, "there is no endpoint `" + name + "` in notify.toml");
  return *found;
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
  PosixFileSystem fs;
  auto endpoint = find_endpoint(fs, options.dir, options.endpoint);
  if (!endpoint) return fail(endpoint.error(), options.json);
  auto secret = read_endpoint_files(fs, options.dir, *endpoint);
  if (!secret) return fail(secret.error(), options.json);
  notify::Notifier::Secrets secrets;
  secrets.emplace(options.endpoint, *std::move(secret));
  Reports reports(options.json);
  const SystemClock clock;
  const auto make = []() -> Result<std::unique_ptr<notify::Transport>> {
    auto made = notify::CurlTransport::create();
    if (!made) return made.error();
    return std::unique_ptr<notify::Transport>(*std::move(made));
  };
  auto notifier =
      notify::Notifier::start({*std::move(endpoint)}, std::move(secrets), make, clock, std::random_device{}(),
                              [&](const notify::Attempt& attempt) { reports.take(attempt); });
  if (!notifier) return fail(notifier.error(), options.json);
  const std::string incident = "0000000000000000";
  for (unsigned i = 0; i < options.count; ++i) {
    (*notifier)->tell(notice_of(options, incident), {options.endpoint});
  }
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
  fill_standard_fds();
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
  NotifierOptions served;
  auto* const serve = app.add_subcommand("serve", "tell what a server says; started by `redoubt serve`")->group("");
  serve->add_option("--dir", served.dir)->required();
  serve->add_option("--settings-fd", served.settings_fd)->required();
  serve->add_option("--orders-fd", served.orders_fd)->required();
  serve->add_option("--user", served.user);
  serve->add_flag("--require-confinement", served.require_confinement);
  serve->callback([&] {
    if (const auto ended = serve_notices(served); !ended) {
      log::error("notifier", "stopped", {{"why", ended.error().message()}});
      status = kFailure;
    }
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kSuccess : kUsage;
  }
  return status;
}
