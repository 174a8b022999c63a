#include <algorithm>
#include <array>

#include "crypto/ed25519.h"
#include "encoding/base64.h"
#include "redoubt/conform/checks.h"
#include "redoubt/conform/fields.h"

namespace redoubt::app::conform {
namespace {

// What a vector can have that is out of the ordinary. Two of them our rules refuse (crypto/ed25519.h): the equation
// holds only with the cofactor, and R is not spelled as it is computed.
struct Flag {
  std::string_view name;
  bool refused;
};
constexpr std::array<Flag, 8> kFlags{{{"low_order_A", false},
                                      {"low_order_R", false},
                                      {"low_order_component_A", false},
                                      {"low_order_component_R", false},
                                      {"low_order_residue", true},
                                      {"non_canonical_A", false},
                                      {"non_canonical_R", true},
                                      {"reencoded_k", false}}};

Result<> check(simdjson::dom::element vector) {
  Fields fields(vector);
  fields.ignore("number");
  const auto key_bytes = encoding::hex_decode(fields.text("key"));
  const auto signature = encoding::hex_decode(fields.text("sig"));
  const std::string_view message = fields.text("msg");
  const auto flags = fields.texts("flags");
  if (const Result<> read = fields.done(); !read) return read.error();
  crypto::Ed25519PublicKey key;
  if (!key_bytes || !signature || key_bytes->size() != key.size()) return Error(Errc::kMalformed, "not understood");
  std::copy(key_bytes->begin(), key_bytes->end(), key.begin());
  bool wanted = true;
  for (const std::string_view name : flags) {
    const auto* flag =
        std::find_if(kFlags.begin(), kFlags.end(), [&](const Flag& known) { return known.name == name; });
    if (flag == kFlags.end()) return Error(Errc::kUnsupported, "not understood: flag `" + std::string(name) + "`");
    wanted = wanted && !flag->refused;
  }
  if (crypto::ed25519_verify(key, as_bytes(message), *signature) == wanted) return {};
  return Error(Errc::kVerifyFailed, wanted ? "refused, but must be accepted" : "accepted, but must be refused");
}

Result<> check_file(DataSet& set, const std::string& path) {
  const Result<std::string> json = set.text(path);
  if (!json) return json.error();
  encoding::JsonReader reader({.max_bytes = 16 * 1024 * 1024});
  const auto root = reader.parse(*json);
  if (!root) return root.error();
  simdjson::dom::array vectors;
  if (root->get(vectors) != simdjson::SUCCESS) return Error(Errc::kMalformed, "not an array");
  for (const simdjson::dom::element vector : vectors) {
    std::uint64_t number = 0;
    if (vector["number"].get(number) != simdjson::SUCCESS) return Error(Errc::kMalformed, "a vector without number");
    set.record(path + " number " + std::to_string(number), check(vector));
  }
  return {};
}

}  // namespace

void check_ed25519_vectors(DataSet& set) {
  for (const std::string& path : set.files()) {
    if (!path.ends_with(".json")) continue;
    if (const Result<> checked = check_file(set, path); !checked) set.record(path, checked);
  }
}

}  // namespace redoubt::app::conform
