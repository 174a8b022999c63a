#include <algorithm>
#include <cstdio>
#include <optional>

#include "base/file.h"
#include "ledger/reader.h"
#include "redoubt/commands.h"
#include "redoubt/fetch.h"
#include "redoubt/layout.h"
#include "redoubt/settings.h"
#include "redoubt/standing.h"
#include "tlog/checkpoint.h"

namespace redoubt::app {
namespace {

struct Status {
  std::string url;
  bool reachable = false;
  bool ready = false;
  std::string why;
  tlog::Checkpoint checkpoint;
  bool verified = false;
  std::optional<Standing> standing;  // with witnesses: of the last checkpoint that they have cosigned
  std::uint64_t cosigned = 0;        // entries under it
};

// Under the policy of the folder's configuration, if there is one.
Result<> add_standing(const Common& common, ledger::LedgerReader& reader, const std::string& checkpoint,
                      Status& status) {
  PosixFileSystem fs;
  const Layout layout(common.dir);
  auto settings = load_settings(fs, layout.config());
  if (!settings) return settings.error();
  if (settings->witness_policy.empty()) return {};
  LedgerAccess access;
  access.policy_file = layout.configured(settings->witness_policy);
  const auto cosigned = reader.fetch("cosigned", tlog::kMaxNoteSize);
  auto standing = check_standing(common, access, cosigned ? as_chars(*cosigned) : checkpoint);
  if (!standing) return standing.error();
  status.cosigned = standing->checked.checkpoint.size.value;
  status.standing = *std::move(standing);
  return {};
}

Result<Status> examine(const Common& common, const StatusOptions& options) {
  const Layout layout(common.dir);
  std::string url = options.url;
  PosixFileSystem fs;
  Status status;
  if (url.empty()) {
    if (auto address = read_file(fs, layout.run() + "/address", 1024); address) {
      url = std::string(as_chars(*address));
      url.erase(std::remove(url.begin(), url.end(), '\n'), url.end());
    }
  }
  status.url = url;
  if (!url.empty()) {
    auto fetcher = Fetcher::create(url, "", trust_anchors(common, options.ca_file, options.url.empty()));
    if (!fetcher) return fetcher.error();
    auto reply = (*fetcher)->get("/readyz", 4096);
    status.reachable = reply.has_value();
    status.ready = reply && reply->status == 200;
    if (reply && !status.ready) status.why = reply->body.substr(0, reply->body.find('\n'));
  }
  auto vkey_text = read_file(fs, layout.verifier_key(), 4096);
  if (!vkey_text) return vkey_text.error();
  std::string vkey_line(as_chars(*vkey_text));
  vkey_line.erase(std::remove(vkey_line.begin(), vkey_line.end(), '\n'), vkey_line.end());
  auto vkey = tlog::VerifierKey::parse(vkey_line);
  if (!vkey) return vkey.error();
  status.checkpoint.origin = vkey->name();
  ledger::LedgerReader reader(fs, layout.ledger());
  auto note = reader.checkpoint();
  if (!note && note.error().code() == Errc::kNotFound) return status;
  if (!note) return note.error();
  const tlog::VerifierKey keys[] = {*vkey};
  auto checkpoint = tlog::open_checkpoint(*note, keys, vkey->name());
  if (!checkpoint) return checkpoint.error().in("checkpoint");
  status.checkpoint = *std::move(checkpoint);
  status.verified = true;
  if (auto done = add_standing(common, reader, *note, status); !done) return done.error();
  return status;
}

}  // namespace

int run_status(const Common& common, const StatusOptions& options) {
  auto status = examine(common, options);
  if (!status) return report(status.error(), common.json);
  const std::string state = status->ready ? "ready" : status->reachable ? "not ready" : "not running";
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", status->ready);
    json.member("state", state);
    json.member("url", status->url);
    json.member("origin", status->checkpoint.origin);
    json.member("published_entries", status->checkpoint.size.value);
    json.member("checkpoint_verified", status->verified);
    if (status->standing) json.member("cosigned_entries", status->cosigned);
    write_witnesses(json, status->standing);
    json.end_object();
    std::printf("%s\n", out.c_str());
  } else {
    std::printf("server      %s%s%s\n", state.c_str(), status->url.empty() ? "" : " at ", status->url.c_str());
    if (!status->why.empty()) std::printf("            %s\n", status->why.c_str());
    std::printf("log         %s\n", status->checkpoint.origin.c_str());
    std::printf("published   %llu entries%s\n", static_cast<unsigned long long>(status->checkpoint.size.value),
                status->verified ? ", checkpoint signature holds" : ", no checkpoint yet");
    if (status->standing) {
      std::printf("cosigned    %llu entries\n", static_cast<unsigned long long>(status->cosigned));
    }
    print_standing(status->standing);
  }
  return status->ready ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app
