#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "base/file.h"
#include "crypto/ed25519.h"
#include "encoding/base64.h"
#include "gateway/api_keys.h"
#include "gateway/policy_bundle.h"
#include "keys/key_file.h"
#include "net/http_client.h"
#include "redoubt/commands.h"
#include "redoubt/layout.h"
#include "redoubt/settings.h"
#include "tlog/note.h"

namespace redoubt::app {
namespace {

std::string default_origin() {
  std::array<char, 65> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') host = {"localhost"};
  std::array<std::byte, 4> random;
  crypto::random_bytes(random);
  return std::string(host.data()) + "/redoubt-" + encoding::hex(random);
}

// The origin is a key name (C2SP signed-note) and goes into header fields and TOML: printable ASCII without quotes.
Result<> check_origin(const std::string& origin) {
  for (const char c : origin) {
    if (c < 0x21 || c > 0x7e || c == '"' || c == '\\' || c == '+') {
      return Error(Errc::kInvalidArgument, "an origin is printable ASCII without spaces, quotes, `\\` or `+`");
    }
  }
  if (origin.empty() || origin.size() > 200) return Error(Errc::kInvalidArgument, "an origin has 1 to 200 characters");
  return {};
}

Result<> make_private_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0) return errno_error("cannot make folder `" + path + "`", errno);
  return {};
}

Result<std::string> init(const Layout& layout, const std::string& origin, const std::string& upstream) {
  if (auto done = check_origin(origin); !done) return done.error();
  if (auto url = net::UpstreamUrl::parse(upstream); !url) return url.error();
  PosixFileSystem fs;
  if (fs.open(layout.config(), OpenMode::kReadOnly)) {
    return Error(Errc::kAlreadyExists, "`" + layout.root + "` is initialised already");
  }
  if (auto done = fs.make_directory(layout.root); !done) return done.error();
  for (const std::string& path : {layout.keeper(), layout.keys()}) {
    if (auto done = make_private_directory(path); !done) return done.error();
  }
  if (auto done = fs.make_directory(layout.run()); !done) return done.error();

  const auto signer_key = crypto::Ed25519PrivateKey::generate();
  const auto opener_key = crypto::Ed25519PrivateKey::generate();
  if (auto done = keys::create_key_file(layout.keeper() + "/signer.key", "ledger-signer", signer_key.seed()); !done) {
    return done.error();
  }
  if (auto done = keys::create_key_file(layout.keeper() + "/wrap.key", "wrap", crypto::Secret::random(32)); !done) {
    return done.error();
  }
  if (auto done = keys::create_key_file(layout.opener_key(), "opener", opener_key.seed()); !done) return done.error();
  const std::string openers = encoding::base64(opener_key.public_key()) + "\n";
  if (auto done = write_file_atomically(fs, layout.keeper() + "/openers", as_bytes(openers)); !done)
    return done.error();

  auto vkey = tlog::VerifierKey::ed25519(origin, signer_key.public_key());
  if (!vkey) return vkey.error();
  if (auto done = write_file_atomically(fs, layout.verifier_key(), as_bytes(vkey->format() + "\n")); !done) {
    return done.error();
  }
  if (auto done = write_file_atomically(fs, layout.api_keys(), as_bytes(gateway::ApiKeys().format())); !done) {
    return done.error();
  }
  if (auto done = fs.make_directory(layout.policies()); !done) return done.error();
  const std::string policies = layout.policies() + "/default.cedar";
  if (auto done = write_file_atomically(fs, policies, as_bytes(gateway::kDefaultPolicies)); !done) return done.error();
  // Last: a folder without it is not initialised.
  if (auto done = write_file_atomically(fs, layout.config(), as_bytes(initial_settings(origin, upstream))); !done) {
    return done.error();
  }
  return vkey->format();
}

}  // namespace

int run_init(const Common& common, const InitOptions& options) {
  const Layout layout(common.dir);
  const std::string origin = options.origin.empty() ? default_origin() : options.origin;
  auto vkey = init(layout, origin, options.upstream);
  if (!vkey) return report(vkey.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("dir", common.dir);
    json.member("origin", origin);
    json.member("vkey", *vkey);
    json.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  std::printf("initialised  %s\norigin       %s\nvkey         %s\n", common.dir.c_str(), origin.c_str(), vkey->c_str());
  std::printf("\nNext: redoubt identity issue-key --dir %s --name NAME, then redoubt serve --dir %s\n",
              common.dir.c_str(), common.dir.c_str());
  return kSuccess;
}

}  // namespace redoubt::app
