// API key files and `Authorization` fields: what is read is written back as the same, and nobody is found by a guess.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "gateway/api_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using gateway::ApiKeys;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static std::string issued;
  static const ApiKeys known = [] {
    ApiKeys keys;
    issued = "Bearer " + *keys.issue({.id = "known", .models = {"*"}}, false);
    return keys;
  }();
  REDOUBT_CHECK(known.find(issued) != nullptr);
  REDOUBT_CHECK(known.find(input) == nullptr);

  auto keys = ApiKeys::parse(input);
  if (!keys) return 0;
  REDOUBT_CHECK(keys->all().size() <= ApiKeys::kMaxKeys);
  const std::string text = keys->format();
  const auto again = ApiKeys::parse(text);
  REDOUBT_CHECK(again && again->format() == text && again->all().size() == keys->all().size());
  REDOUBT_CHECK(keys->find(input) == nullptr);
  return 0;
}
