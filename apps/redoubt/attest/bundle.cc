// `redoubt attest bundle make` and `show`: collateral, or reference values, signed by one's own people.
#include <cstdio>

#include "attest/collateral_bundle.h"
#include "attest/corim.h"
#include "attest/reference_values.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "keys/key_file.h"
#include "redoubt/attest/inputs.h"
#include "redoubt/output.h"

namespace redoubt::app::attest_verbs {

namespace {

constexpr std::string_view kKeyKind = "attestation-signer";

Error wrong(std::string message) {
  return {Errc::kInvalidArgument, std::move(message)};
}

struct Signer {
  std::string name;
  crypto::Ed25519PrivateKey key;
};

// The key file holds the seed alone; its name stands beside it, in FILE.vkey.
Result<Signer> load_signer(const BundleOptions& options) {
  if (!options.new_key.empty()) {
    auto key = crypto::Ed25519PrivateKey::generate();
    const auto vkey = tlog::VerifierKey::ed25519(options.new_key, key.public_key());
    if (!vkey) return vkey.error();
    if (auto made = keys::create_key_file(options.key, kKeyKind, key.seed()); !made) return made.error();
    PosixFileSystem fs;
    const std::string text = vkey->format() + "\n";
    if (auto written = write_file_atomically(fs, options.key + ".vkey", as_bytes(text)); !written)
      return written.error();
    return Signer{options.new_key, std::move(key)};
  }
  const auto known = read_signer(options.key + ".vkey");
  if (!known) return known.error();
  const auto seed = keys::load_key_file(options.key, kKeyKind, 32);
  if (!seed) return seed.error();
  auto key = crypto::Ed25519PrivateKey::from_seed(seed->reveal());
  if (!key) return key.error();
  const auto own = tlog::VerifierKey::ed25519(known->name(), key->public_key());
  if (!own || *own != *known) return Error(Errc::kVerifyFailed, "`" + options.key + ".vkey` is of another key");
  return Signer{known->name(), *std::move(key)};
}

// `KIND:ROLE[:CLAIM=VALUE[,…]]=FILE`: the file follows the last `=`.
Result<attest::CollateralItem> read_item(std::string_view argument) {
  const auto end = argument.rfind('=');
  const auto colon = argument.find(':');
  if (end == std::string_view::npos || colon == std::string_view::npos || colon > end) {
    return wrong("`" + std::string(argument) + "` is not KIND:ROLE[:CLAIM=VALUE,…]=FILE");
  }
  const auto kind = read_kind(argument.substr(0, colon));
  if (!kind) return kind.error();
  std::string_view rest = argument.substr(colon + 1, end - colon - 1);
  const std::string_view role_name = rest.substr(0, rest.find(':'));
  const auto role = attest::find_role(role_name);
  if (!role) return wrong("`" + std::string(role_name) + "` is no role of a file of evidence");
  attest::CollateralItem item{*kind, *role, {}, {}};
  rest.remove_prefix(std::min(rest.size(), role_name.size() + 1));
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    const auto equals = one.find('=');
    if (equals == std::string_view::npos) return wrong("`" + std::string(one) + "` is not CLAIM=VALUE");
    item.when.emplace_back(std::string(one.substr(0, equals)), attest::Claim(std::string(one.substr(equals + 1))));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
  }
  PosixFileSystem fs;
  auto data = read_file(fs, std::string(argument.substr(end + 1)), attest::Evidence::kMaxFileBytes);
  if (!data) return data.error();
  item.data = *std::move(data);
  return item;
}

Result<std::string> compose_collateral(const BundleOptions& options) {
  attest::CollateralBundle bundle;
  for (const std::string& each : options.items) {
    auto item = read_item(each);
    if (!item) return item.error();
    if (auto added = bundle.add(*std::move(item)); !added) return added.error();
  }
  if (bundle.items().empty()) return wrong("nothing to sign: give --item or --references");
  return bundle.format();
}

// Signs what the options name. The bytes of the file.
Result<Bytes> compose(const BundleOptions& options, UnixMillis at, Signer& signer) {
  attest::SignedFile file{.sequence = options.sequence, .created = at};
  if (options.references.empty()) {
    auto content = compose_collateral(options);
    if (!content) return content.error();
    file.type = attest::CollateralBundle::kType;
    file.content = *std::move(content);
  } else {
    if (!options.items.empty()) return wrong("either --item or --references");
    auto text = read_whole(options.references);
    if (!text) return text.error();
    auto references = attest::parse_reference_values(*text);
    if (!references) return references.error();
    if (!options.corim.empty()) {
      const attest::Corim corim{.id = options.corim,
                                .signer = signer.name,
                                .not_before = at,
                                .not_after = {},
                                .references = *std::move(references)};
      return attest::write_corim(corim, signer.key);
    }
    file.type = kReferencesType;
    file.content = *std::move(text);
  }
  const auto note_signer = tlog::NoteSigner::create(signer.name, std::move(signer.key));
  if (!note_signer) return note_signer.error();
  const auto text = attest::sign_file(file, *note_signer);
  if (!text) return text.error();
  return to_bytes(as_bytes(*text));
}

Result<std::string> make(const BundleOptions& options) {
  const auto at = read_time(options.at);
  if (!at) return at.error();
  auto signer = load_signer(options);
  if (!signer) return signer.error();
  const auto vkey = tlog::VerifierKey::ed25519(signer->name, signer->key.public_key());
  if (!vkey) return vkey.error();
  const auto bytes = compose(options, *at, *signer);
  if (!bytes) return bytes.error();
  PosixFileSystem fs;
  if (auto written = write_file_atomically(fs, options.out, *bytes); !written) return written.error();
  return vkey->format();
}

}  // namespace

int make_bundle(const BundleOptions& options, bool json) {
  const auto vkey = make(options);
  if (!vkey) return report(vkey.error(), json);
  if (!json) {
    std::printf("%s\n", vkey->c_str());
    return kSuccess;
  }
  std::string text;
  encoding::JsonWriter out(text);
  out.begin_object();
  out.member("ok", true);
  out.member("file", options.out);
  out.member("signer", *vkey);
  out.end_object();
  std::printf("%s\n", text.c_str());
  return kSuccess;
}

int show_bundle(const SignedFileOptions& options, bool json) {
  const UnixMillis now = SystemClock().now();
  auto file = open_signed(options, attest::CollateralBundle::kType, now);
  std::string what;
  std::size_t count = 0;
  if (file) {
    const auto bundle = attest::CollateralBundle::parse(file->content);
    if (!bundle) return report(bundle.error(), json);
    count = bundle->items().size();
    for (const attest::CollateralItem& item : bundle->items()) {
      what += std::string(attest::to_string(item.kind)) + "  " + std::string(attest::to_string(item.role)) + "  " +
              std::to_string(item.data.size()) + " bytes";
      for (const auto& [name, claim] : item.when) what += "  " + name + "=" + (claim.text() ? *claim.text() : "…");
      what += "\n";
    }
  } else {
    const Error first = file.error();
    file = open_signed(options, kReferencesType, now);
    if (!file) return report(first, json);
    const auto values = attest::parse_reference_values(file->content);
    if (!values) return report(values.error(), json);
    count = values->all().size();
  }
  if (json) {
    std::string text;
    encoding::JsonWriter out(text);
    out.begin_object();
    out.member("ok", true);
    out.member("type", file->type);
    out.member("sequence", file->sequence);
    out.member("created", format_timestamp(file->created));
    out.member("count", std::uint64_t{count});
    out.end_object();
    std::printf("%s\n", text.c_str());
  } else {
    std::printf("%s %llu of %s: %zu\n%s", file->type.c_str(), static_cast<unsigned long long>(file->sequence),
                format_timestamp(file->created).c_str(), count, what.c_str());
  }
  return kSuccess;
}

}  // namespace redoubt::app::attest_verbs
