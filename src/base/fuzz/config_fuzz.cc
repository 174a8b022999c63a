// Any bytes as a configuration file: parse never crashes, getters agree with each other about what is there, and a file
// with keys that nobody read is refused.
#include <cstdint>

#include "base/check.h"
#include "base/config.h"

namespace {

using redoubt::ConfigFile;
using redoubt::ConfigSection;
using redoubt::Errc;

// Every getter on one key: at most one type fits, and absence is the same to all.
void read_all_ways(const ConfigSection& section, std::string_view key) {
  const bool there = section.has(key);
  const auto text = section.get_string(key);
  const auto flag = section.get_bool(key);
  const auto number = section.get_int(key);
  const auto list = section.get_strings(key);
  const auto duration = section.get_duration(key);
  const auto size = section.get_size(key);
  const int types = int{text.has_value()} + int{flag.has_value()} + int{number.has_value()} + int{list.has_value()};
  REDOUBT_CHECK(types <= 1);
  REDOUBT_CHECK(!duration || text.has_value());
  REDOUBT_CHECK(!size || text.has_value() || number.has_value());
  if (!there) {
    for (const Errc code : {text.error().code(), flag.error().code(), number.error().code(), list.error().code(),
                            duration.error().code(), size.error().code()}) {
      REDOUBT_CHECK(code == Errc::kNotFound);
    }
  }
  if (duration) REDOUBT_CHECK(duration->count() >= 0 && *duration <= ConfigSection::kLongestDuration);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = ConfigFile::parse(text, "fuzz.toml");
  if (!config) {
    REDOUBT_CHECK(config.error().message().find('\n') == std::string::npos);
    return 0;
  }
  if (const auto checked = config->check_all_read(); !checked) {
    REDOUBT_CHECK(checked.error().message().find('\n') == std::string::npos);
  }
  for (const std::string_view key : {"a", "a.b", "a.b.c", "b", "port", "server.port", "", ".", "a."}) {
    read_all_ways(*config, key);
    for (const ConfigSection& section : config->sections(key)) read_all_ways(section, "b");
  }
  static_cast<void>(config->check_all_read());
  return 0;
}
