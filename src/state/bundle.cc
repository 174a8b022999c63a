#include "state/bundle.h"

#include <algorithm>
#include <array>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"

namespace redoubt::state {
namespace {

constexpr std::string_view kFormat = "redoubt bundle 1";
constexpr std::string_view kDigestPrefix = "sha256:";
constexpr std::size_t kNameMax = 256;

bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameMax &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

void add_sized(crypto::Sha256& hash, std::string_view text) {
  std::array<std::byte, 8> size;
  store_le(MutableByteView(size), static_cast<std::uint64_t>(text.size()));
  hash.update(size);
  hash.update(as_bytes(text));
}

std::string digest_of(const std::vector<BundleFile>& sorted) {
  crypto::Sha256 hash;
  add_sized(hash, kFormat);
  for (const BundleFile& file : sorted) {
    add_sized(hash, file.name);
    add_sized(hash, file.text);
  }
  return std::string(kDigestPrefix) + encoding::hex(hash.finish());
}

std::string file_name(std::string_view digest) {
  return std::string(digest.substr(kDigestPrefix.size())) + ".json";
}

}  // namespace

bool is_bundle_digest(std::string_view text) {
  if (!text.starts_with(kDigestPrefix)) return false;
  text.remove_prefix(kDigestPrefix.size());
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<Bundle> Bundle::make(std::vector<BundleFile> files) {
  if (files.size() > kMaxFiles) return Error(Errc::kTooLarge, "a bundle has too many files");
  std::size_t size = 0;
  for (const BundleFile& file : files) {
    if (!is_file_name(file.name)) return Error(Errc::kInvalidArgument, "a bundle's file has no name that it can have");
    if (!encoding::is_utf8(file.text)) return Error(Errc::kInvalidArgument, "`" + file.name + "` is not UTF-8");
    size += file.text.size();
  }
  if (size > kMaxBytes) return Error(Errc::kTooLarge, "the files of a bundle are too large together");
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto same =
      std::adjacent_find(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name == b.name; });
  if (same != files.end()) return Error(Errc::kInvalidArgument, "`" + same->name + "` is twice in the bundle");
  Bundle out;
  out.digest_ = digest_of(files);
  out.files_ = std::move(files);
  return out;
}

std::string Bundle::pack() const {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_array();
  for (const BundleFile& file : files_) {
    json.begin_object();
    json.member("name", file.name);
    json.member("text", file.text);
    json.end_object();
  }
  json.end_array();
  return out;
}

Result<Bundle> Bundle::unpack(std::string_view packed) {
  encoding::JsonReader reader({.max_bytes = kMaxPackedBytes, .max_depth = 2});
  auto root = reader.parse(packed);
  if (!root) return root.error();
  simdjson::dom::array array;
  if (root->get(array) != simdjson::SUCCESS) return Error(Errc::kMalformed, "a packed bundle is an array");
  std::vector<BundleFile> files;
  for (const simdjson::dom::element element : array) {
    if (files.size() == kMaxFiles) return Error(Errc::kTooLarge, "a bundle has too many files");
    simdjson::dom::object object;
    std::string_view name;
    std::string_view text;
    if (element.get(object) != simdjson::SUCCESS || object["name"].get(name) != simdjson::SUCCESS ||
        object["text"].get(text) != simdjson::SUCCESS) {
      return Error(Errc::kMalformed, "a packed file has a name and a text");
    }
    files.push_back({std::string(name), std::string(text)});
  }
  return make(std::move(files));
}

const std::string* Bundle::find(std::string_view name) const {
  const auto at = std::lower_bound(files_.begin(), files_.end(), name,
                                   [](const BundleFile& file, std::string_view wanted) { return file.name < wanted; });
  return at != files_.end() && at->name == name ? &at->text : nullptr;
}

std::string BundleStore::path(std::string_view digest) const {
  return folder_ + "/" + file_name(digest);
}

Result<> BundleStore::put(const Bundle& bundle) {
  if (auto done = fs_.make_directory(folder_); !done) return done;
  if (get(bundle.digest())) return {};
  return write_file_atomically(fs_, path(bundle.digest()), as_bytes(bundle.pack()));
}

Result<Bundle> BundleStore::get(std::string_view digest) const {
  if (!is_bundle_digest(digest)) return Error(Errc::kInvalidArgument, "that is no bundle's digest");
  auto packed = read_file(fs_, path(digest), Bundle::kMaxPackedBytes);
  if (!packed) return packed.error();
  auto bundle = Bundle::unpack(as_chars(*packed));
  if (!bundle || bundle->digest() != digest) {
    return Error(Errc::kCorrupt, "what is kept as bundle `" + std::string(digest) + "` is another");
  }
  return bundle;
}

Result<> BundleStore::keep_only(const std::vector<std::string>& digests) {
  auto names = fs_.list(folder_);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const auto kept = [&](const std::string& digest) { return name == file_name(digest); };
    if (std::any_of(digests.begin(), digests.end(), kept)) continue;
    if (auto done = fs_.remove(folder_ + "/" + name); !done) return done;
  }
  return {};
}

}  // namespace redoubt::state
