#include "attest/internal/json_members.h"

#include "encoding/base64.h"

namespace redoubt::attest {

using simdjson::dom::element;

Result<JsonMembers> JsonMembers::of(const element& json, std::string_view what) {
  simdjson::dom::object members;
  if (json.get_object().get(members) != simdjson::SUCCESS) {
    return Error(Errc::kMalformed, std::string(what) + " is not an object");
  }
  return JsonMembers(members, what);
}

std::optional<element> JsonMembers::get(std::string_view name) {
  std::size_t place = 0;
  for (const auto& member : members_) {
    if (member.key == name) {
      if (place < asked_.size()) asked_.set(place);
      return member.value;
    }
    ++place;
  }
  return std::nullopt;
}

Result<JsonMembers> JsonMembers::object(std::string_view name) {
  const auto found = get(name);
  if (!found || !found->is_object()) return wrong(name, "is no object");
  return of(*found, "`" + std::string(name) + "`");
}

Result<simdjson::dom::array> JsonMembers::array(std::string_view name) {
  const auto found = get(name);
  simdjson::dom::array list;
  if (!found || found->get_array().get(list) != simdjson::SUCCESS) return wrong(name, "is no list");
  return list;
}

Result<std::string> JsonMembers::text(std::string_view name) {
  const auto found = get(name);
  std::string_view text;
  if (!found || found->get_string().get(text) != simdjson::SUCCESS) return wrong(name, "is no text");
  return std::string(text);
}

Result<std::uint64_t> JsonMembers::number(std::string_view name) {
  const auto found = get(name);
  std::uint64_t number = 0;
  if (!found || found->get_uint64().get(number) != simdjson::SUCCESS) return wrong(name, "is no number from 0");
  return number;
}

Result<Bytes> JsonMembers::hex(std::string_view name) {
  auto digits = text(name);
  if (!digits) return digits.error();
  auto bytes = encoding::hex_decode(*digits);
  if (!bytes) return wrong(name, "is not in hexadecimal");
  return bytes;
}

Result<Bytes> JsonMembers::base64(std::string_view name) {
  auto digits = text(name);
  if (!digits) return digits.error();
  auto bytes = encoding::base64_decode(*digits);
  if (!bytes) return wrong(name, "is not in base64");
  return bytes;
}

Result<> JsonMembers::check_all_read() const {
  std::size_t place = 0;
  for (const auto& member : members_) {
    if (place >= asked_.size() || !asked_.test(place)) return wrong(member.key, "is unknown");
    ++place;
  }
  return {};
}

Error JsonMembers::wrong(std::string_view name, std::string_view fault) const {
  return {Errc::kMalformed, what_ + ": `" + std::string(name) + "` " + std::string(fault)};
}

}  // namespace redoubt::attest
