// The texts of whatever JsonReader accepts: each where it says, and each replaced by itself gives a document that reads
// the same.
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "encoding/json_reader.h"
#include "encoding/json_texts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using redoubt::encoding::JsonText;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  redoubt::encoding::JsonReader reader;
  if (!reader.parse(json)) return 0;
  std::vector<redoubt::encoding::JsonReplacement> same;
  std::vector<std::string> seen;
  redoubt::encoding::each_json_text(json, [&](const JsonText& text) {
    REDOUBT_CHECK(text.begin < text.end && text.end <= json.size());
    REDOUBT_CHECK((json[text.begin] == '"') == (text.kind != JsonText::Kind::kNumber));
    seen.push_back(std::string(text.path) + '\n' + std::string(text.text));
    if (text.kind != JsonText::Kind::kNumber) same.push_back({text.begin, text.end, std::string(text.text)});
  });
  const std::string again = redoubt::encoding::replace_json_texts(json, same);
  REDOUBT_CHECK(reader.parse(again).has_value());
  std::size_t at = 0;
  redoubt::encoding::each_json_text(again, [&](const JsonText& text) {
    REDOUBT_CHECK(seen.at(at++) == std::string(text.path) + '\n' + std::string(text.text));
  });
  REDOUBT_CHECK(at == seen.size());
  return 0;
}
