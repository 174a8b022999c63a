#include "redoubt/enclave/next_bundle.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "encoding/base64.h"
#include "ledger/activation.h"
#include "redoubt/bundle_files.h"
#include "sealing/activation_approval.h"
#include "state/bundle.h"

namespace redoubt::app {

namespace {

constexpr std::string_view kDigestPrefix = "sha256:";
constexpr std::string_view kMayDiffer = "redoubt.toml";

// The first file that one of them has and the other has not, or has otherwise; empty: none but the configuration.
std::string first_difference(const state::Bundle& one, const state::Bundle& other) {
  for (const auto& [from, in] : {std::pair(&one, &other), std::pair(&other, &one)}) {
    for (const state::BundleFile& file : from->files()) {
      if (file.name == kMayDiffer) continue;
      const std::string* const text = in->find(file.name);
      if (text == nullptr || *text != file.text) return file.name;
    }
  }
  return {};
}

Result<crypto::Sha256Digest> digest_in(const std::string& name) {
  crypto::Sha256Digest out;
  const auto bytes = encoding::hex_decode(std::string_view(name).substr(std::min(name.size(), kDigestPrefix.size())));
  if (!state::is_bundle_digest(name) || !bytes || bytes->size() != out.size()) {
    return Error(Errc::kMalformed, "`" + name + "` is no bundle's digest");
  }
  std::ranges::copy(*bytes, out.begin());
  return out;
}

}  // namespace

Result<std::optional<NextBundle>> choose_next_bundle(FileSystem& fs, const Layout& layout) {
  const auto next = read_valid_bundle(fs, layout);
  if (!next) return next.error();
  const auto last = ledger::last_activation(fs, layout.ledger(), std::nullopt);
  if (!last) return last.error();
  if (!*last) return std::optional<NextBundle>();
  NextBundle out{.path = layout.approvals() + "/" + std::string(sealing::kActivationFile),
                 .replaces = std::string(kDigestPrefix) + encoding::hex((*last)->bundle),
                 .fact = (*last)->fact,
                 .bundle = next->bundle.digest()};
  if (out.replaces == out.bundle) return std::optional<NextBundle>();
  const auto now = state::BundleStore(fs, layout.state() + "/bundles").get(out.replaces);
  if (!now) return now.error().in("the bundle in force");
  if (const std::string name = first_difference(next->bundle, *now); !name.empty()) {
    return Error(Errc::kConflict, "`" + name + "` is not as it is in force (" + layout.state() +
                                      "/bundles): approvers bring redoubt.toml into force, and nothing else");
  }
  return std::optional(std::move(out));
}

Result<> approve_next_bundle(FileSystem& fs, const Layout& layout, const sealing::Sealing& sealing,
                             const NextBundle& next, const crypto::P256PrivateKey& approver) {
  const auto replaces = digest_in(next.replaces);
  if (!replaces) return replaces.error();
  const auto bundle = digest_in(next.bundle);
  if (!bundle) return bundle.error();
  sealing::ActivationApproval word{.replaces = *replaces, .fact = next.fact, .bundle = *bundle, .signature = {}};
  word.sign(sealing.purpose(), approver);
  if (auto done = fs.make_directory(layout.approvals()); !done) return done;
  const std::string text = word.format();
  return write_file_atomically(fs, next.path, as_bytes(text));
}

void print_next_bundle(const std::optional<NextBundle>& next) {
  if (!next) return;
  std::printf("\nredoubt.toml comes into force at the next start, in %s, in place of that of the fact %llu.\n",
              next->path.c_str(), static_cast<unsigned long long>(next->fact));
}

void write_next_bundle(encoding::JsonWriter& json, const std::optional<NextBundle>& next) {
  if (!next) return;
  json.key("brings_into_force");
  json.begin_object();
  json.member("file", next->path);
  json.member("bundle", next->bundle);
  json.member("replaces", next->replaces);
  json.member("fact", next->fact);
  json.end_object();
}

}  // namespace redoubt::app
