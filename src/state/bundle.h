// Everything that the operator configures, as one thing: `redoubt.toml`, `policies/…`, `prices.toml`. A bundle comes
// into force whole, by one fact that names its digest, or not at all.
//
//   auto bundle = Bundle::make(files);
//   store.put(*bundle);                                             // what the digest stands for, kept
//   engine.propose(propose_activation(bundle->digest(), version));  // in force once this is a fact
//
// Which texts there are and what they mean is the business of whoever loads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "state/engine.h"
#include "state/projection.h"

namespace redoubt::state {

struct BundleFile {
  std::string
      name;  // from the folder's root, `policies/default.cedar`: 1 to 256 printable ASCII, no backslash or quote
  std::string text;  // UTF-8
  friend bool operator==(const BundleFile&, const BundleFile&) = default;
};

// A value; any thread.
class Bundle {
 public:
  static constexpr std::size_t kMaxFiles = 1100;
  static constexpr std::size_t kMaxBytes = 24 * 1024 * 1024;     // of all texts
  static constexpr std::size_t kMaxPackedBytes = 3 * kMaxBytes;  // JSON escapes take room

  // In any order. kInvalidArgument for a name or text that has not its form, and for a name that is there twice;
  // kTooLarge.
  static Result<Bundle> make(std::vector<BundleFile> files);
  // From what pack() returned: `[{"name": …, "text": …}, …]`. kMalformed, beside make()'s errors.
  static Result<Bundle> unpack(std::string_view json);
  std::string pack() const;

  // `sha256:` and 64 hexadecimal digits, over names and texts (docs/formats/bundle.md).
  const std::string& digest() const { return digest_; }
  const std::vector<BundleFile>& files() const { return files_; }  // by name
  // The text of the file; null when there is none.
  const std::string* find(std::string_view name) const;

 private:
  Bundle() = default;
  std::vector<BundleFile> files_;
  std::string digest_;
};

bool is_bundle_digest(std::string_view text);

// What is in force and what was, from the facts `bundle.begin`, of the first bundle, and `bundle.activate`, of every
// further one. (Two kinds, because whoever wants activations approved by two persons has nobody to ask before the
// first.) One thread, that of the engine.
class BundleProjection final : public Projection {
 public:
  struct Activation {
    std::string digest;
    std::uint64_t version = 0;  // of the object kBundleObject; 1 is the first that came into force
    std::uint64_t fact = 0;     // index in the system log
    friend bool operator==(const Activation&, const Activation&) = default;
  };

  std::string_view module() const override { return "bundle"; }
  std::span<const std::string_view> schema_steps() const override;
  Result<> apply(const FoldedFact& fact, Tables& tables) override;
  void erase(std::uint64_t index, std::span<const std::string_view> fields, Tables& tables) override;
  Result<> load(Tables& tables) override;
  void follow(const FoldedFact& fact, Tables& tables) override;

  // Nothing before the first activation.
  const std::optional<Activation>& in_force() const { return in_force_; }

 private:
  std::optional<Activation> in_force_;
};

inline constexpr std::string_view kBundleObject = "bundle";
inline constexpr std::string_view kBundleBegin = "bundle.begin";
inline constexpr std::string_view kBundleActivate = "bundle.activate";

// The activations, newest first, at most `limit`.
Result<std::vector<BundleProjection::Activation>> list_activations(Tables& tables, std::size_t limit);

// `now`: what is in force. `actor` and the like are the caller's to fill in. kInvalidArgument for what is no digest.
Result<Proposal> propose_activation(std::string_view digest, const std::optional<BundleProjection::Activation>& now);

// The digest that such a proposal's body names; empty when it is none.
std::string wanted_digest(std::string_view body);

// What digests stand for: a folder with a file for each bundle. Nothing is decided by it before its digest was
// compared. One thread.
class BundleStore {
 public:
  // `fs` must outlive the store. `folder` is made when it is not there; its parent is.
  BundleStore(FileSystem& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}

  // Durable when it returns.
  Result<> put(const Bundle& bundle);
  // kNotFound; kCorrupt when what is there has another digest.
  Result<Bundle> get(std::string_view digest) const;
  // Lets all go but these.
  Result<> keep_only(const std::vector<std::string>& digests);

 private:
  std::string path(std::string_view digest) const;

  FileSystem& fs_;
  const std::string folder_;
};

}  // namespace redoubt::state
