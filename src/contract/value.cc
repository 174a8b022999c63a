#include "contract/internal/value.h"

#include <functional>

namespace redoubt::contract::internal {
namespace {

constexpr std::size_t kBytesPerStep = 64;

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t both = (a ^ (b + 0x9e37'79b9'7f4a'7c15U)) * 0xff51'afd7'ed55'8ccdU;
  return both ^ (both >> 32);
}

bool equal_arrays(simdjson::dom::array a, simdjson::dom::array b, Work& work) {
  auto other = b.begin();
  for (const simdjson::dom::element item : a) {
    if (other == b.end() || !equal(Value(item), Value(*other), work)) return false;
    ++other;
  }
  return !(other != b.end());
}

// Keys are unique in each, as encoding::JsonReader checks: so equally many, all found, are the same.
bool equal_objects(simdjson::dom::object a, simdjson::dom::object b, Work& work) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& member : b) ++count;
  if (!work.spend(count)) return false;
  for (const auto& member : a) {
    simdjson::dom::element other;
    if (count-- == 0 || !work.spend(count) || b.at_key(member.key).get(other) != simdjson::SUCCESS) return false;
    if (!equal(Value(member.value), Value(other), work)) return false;
  }
  return count == 0;
}

}  // namespace

bool equal(const Value& a, const Value& b, Work& work) {
  if (!work.spend(1)) return false;
  if (a.is_number() && b.is_number()) return a.number() == b.number();
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case JsonType::STRING:
      return a.text().size() == b.text().size() && work.spend(a.text().size() / kBytesPerStep) && a.text() == b.text();
    case JsonType::BOOL:
      return a.boolean() == b.boolean();
    case JsonType::ARRAY:
      return equal_arrays(a.array(), b.array(), work);
    case JsonType::OBJECT:
      return equal_objects(a.object(), b.object(), work);
    default:
      return true;  // null
  }
}

std::uint64_t hash(const Value& value, Work& work) {
  if (!work.spend(1)) return 0;
  if (value.is_number()) return value.number().hash();
  auto sum = static_cast<std::uint64_t>(value.type());
  switch (value.type()) {
    case JsonType::STRING:
      if (!work.spend(value.text().size() / kBytesPerStep)) return 0;
      return mixed(sum, std::hash<std::string_view>()(value.text()));
    case JsonType::BOOL:
      return mixed(sum, value.boolean() ? 1 : 0);
    case JsonType::ARRAY:
      for (const simdjson::dom::element item : value.array()) sum = mixed(sum, hash(Value(item), work));
      return sum;
    case JsonType::OBJECT:
      for (const auto& member : value.object()) {  // in any order: a sum
        sum += mixed(hash(Value(member.key), work), hash(Value(member.value), work));
      }
      return sum;
    default:
      return sum;
  }
}

}  // namespace redoubt::contract::internal
