#include "attest/claims.h"

#include <algorithm>

#include "encoding/base64.h"

namespace redoubt::attest {

namespace {

constexpr int kMaxDepth = 8;

Error not_a_claim() {
  return {Errc::kMalformed, "a claim is true, false, an integer from 0, a string, or a list or an object of these"};
}

Result<Claim> read_claim(const simdjson::dom::element& json, int depth) {
  if (depth == 0) return Error(Errc::kMalformed, "a claim is nested too deeply");
  switch (json.type()) {
    case simdjson::dom::element_type::BOOL:
      return Claim(bool(json.get_bool()));
    case simdjson::dom::element_type::STRING:
      return Claim(std::string(json.get_string().value()));
    case simdjson::dom::element_type::UINT64:
      return Claim(json.get_uint64().value());
    case simdjson::dom::element_type::INT64: {
      const std::int64_t number = json.get_int64().value();
      if (number < 0) return not_a_claim();
      return Claim(static_cast<std::uint64_t>(number));
    }
    case simdjson::dom::element_type::ARRAY: {
      ClaimList list;
      const simdjson::dom::array items = json.get_array().value();
      for (const simdjson::dom::element each : items) {
        auto claim = read_claim(each, depth - 1);
        if (!claim) return claim.error();
        list.push_back(*std::move(claim));
      }
      return Claim(std::move(list));
    }
    case simdjson::dom::element_type::OBJECT: {
      ClaimObject object;
      const simdjson::dom::object members = json.get_object().value();
      for (const auto& member : members) {
        auto claim = read_claim(member.value, depth - 1);
        if (!claim) return claim.error();
        object.emplace_back(std::string(member.key), *std::move(claim));
      }
      return Claim(std::move(object));
    }
    default:
      return not_a_claim();
  }
}

}  // namespace

Claim::Claim(ByteView bytes) : value_(encoding::hex(bytes)) {}
Claim::Claim(ClaimObject value) : value_(std::make_shared<const ClaimObject>(std::move(value))) {}

bool operator==(const Claim& a, const Claim& b) {
  const ClaimObject* left = a.object();
  const ClaimObject* right = b.object();
  if (left == nullptr || right == nullptr) return a.value_ == b.value_;
  return left == right || *left == *right;
}

bool Claim::covers(const Claim& expected) const {
  const ClaimObject* demanded = expected.object();
  if (demanded == nullptr) return *this == expected;
  const ClaimObject* own = object();
  return own != nullptr && std::ranges::all_of(*demanded, [&](const auto& member) {
           const Claim* found = find_claim(*own, member.first);
           return found != nullptr && found->covers(member.second);
         });
}

const Claim* find_claim(const ClaimObject& claims, std::string_view name) {
  const auto found = std::ranges::find_if(claims, [&](const auto& member) { return member.first == name; });
  return found == claims.end() ? nullptr : &found->second;
}

Result<Claim> read_claim(const simdjson::dom::element& json) {
  return read_claim(json, kMaxDepth);
}

void write_claim(encoding::JsonWriter& out, const Claim& claim) {
  if (const bool* flag = claim.boolean()) return out.value(*flag);
  if (const std::uint64_t* number = claim.number()) return out.value(*number);
  if (const std::string* text = claim.text()) return out.value(*text);
  if (const ClaimList* list = claim.list()) {
    out.begin_array();
    for (const Claim& each : *list) write_claim(out, each);
    return out.end_array();
  }
  out.begin_object();
  for (const auto& [name, value] : *claim.object()) {
    out.key(name);
    write_claim(out, value);
  }
  out.end_object();
}

}  // namespace redoubt::attest
