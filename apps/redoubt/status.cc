#include <algorithm>
#include <cstdio>

#include "base/file.h"
#include "ledger/reader.h"
#include "redoubt/commands.h"
#include "redoubt/fetch.h"
#include "redoubt/layout.h"
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
};

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
  auto note = ledger::LedgerReader(fs, layout.ledger()).checkpoint();
  if (!note && note.error().code() == Errc::kNotFound) return status;
  if (!note) return note.error();
  const tlog::VerifierKey keys[] = {*vkey};
  auto checkpoint = tlog::open_checkpoint(*note, keys, vkey->name());
  if (!checkpoint) return checkpoint.error().in("checkpoint");
  status.checkpoint = *std::move(checkpoint);
  status.verified = true;
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
    json.member("freshness", kFreshness);
    json.end_object();
    std::printf("%s\n", out.c_str());
  } else {
    std::printf("server      %s%s%s\n", state.c_str(), status->url.empty() ? "" : " at ", status->url.c_str());
    if (!status->why.empty()) std::printf("            %s\n", status->why.c_str());
    std::printf("log         %s\n", status->checkpoint.origin.c_str());
    std::printf("published   %llu entries%s\n", static_cast<unsigned long long>(status->checkpoint.size.value),
                status->verified ? ", checkpoint signature holds" : ", no checkpoint yet");
    std::printf("freshness   %s\n", std::string(kFreshness).c_str());
  }
  return status->ready ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app
