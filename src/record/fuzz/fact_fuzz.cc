// Facts are read from files that may have been altered. What is accepted must be written as the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "record/fact_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  record::FactReader reader;
  const auto fact = reader.read(as_bytes(input));
  if (!fact || !*fact) return 0;
  encoding::JsonReader json({.max_bytes = record::kRecordSizeMax});
  const auto parsed = json.parse(input);
  if (!parsed) std::abort();  // every fact is JSON
  const auto text = [&](std::string_view pointer) {
    std::string_view out;
    return parsed->at_pointer(pointer).get(out) == simdjson::SUCCESS ? out : std::string_view();
  };
  std::string again;
  const record::RecordSource source{.log_origin = text("/metadata/log_name"),
                                    .tenant = text("/metadata/tenant_uid"),
                                    .product_version = text("/metadata/product/version")};
  if (!record::append_fact(again, **fact, source) || again != input) std::abort();
  if (simdjson::minify(reader.body()) != simdjson::minify(parsed->at_pointer("/unmapped/redoubt/body"))) std::abort();
  return 0;
}
