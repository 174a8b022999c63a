// The configuration file (TOML 1.0.0), read strictly: every value has a type and a range, and every key in the file
// must be one that the program asked for, so that a misspelt key never silently loosens anything.
//
//   auto config = ConfigFile::load(fs, "/etc/redoubt/redoubt.toml");
//   if (!config) return config.error();
//   auto port = config->get_int("server.port", 8443, {1, 65535});
//   if (!port) return port.error();
//   for (const ConfigSection& route : config->sections("route")) {    // [[route]]
//     auto prefix = route.get_string("prefix");                       // required: no fallback
//     …
//   }
//   if (auto known = config->check_all_read(); !known) return known.error();
//
// Messages say where: "redoubt.toml:12:8: `server.port` must be from 1 to 65535", line and column from one, in bytes.
// A value itself appears in a message only when it is a malformed duration or size. Keep secrets out of the file: name
// files that hold them.
//
// One thread at a time: reading a key records that it was read, also through const.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace redoubt {

// Both ends are allowed.
template <class T>
struct ConfigRange {
  T min;
  T max;
};

// A table of the file: the whole of it, or one of an array of tables. A view; the ConfigFile must outlive it.
//
// `key` is the path from this table on, parts separated by dots ("server.port"); keys that hold a dot cannot be
// reached. Every getter returns `fallback` when the key is absent. Its errors: kNotFound when the key is absent and
// there is no fallback; kMalformed when the value has another type or form, or is out of range. A fallback is not
// checked.
class ConfigSection {
 public:
  static constexpr std::chrono::milliseconds kLongestDuration = std::chrono::hours(24 * 366 * 100);

  // Whether the file has the key. Does not count as reading it.
  bool has(std::string_view key) const;

  Result<std::string> get_string(std::string_view key, std::optional<std::string> fallback = std::nullopt) const;
  Result<bool> get_bool(std::string_view key, std::optional<bool> fallback = std::nullopt) const;
  Result<std::int64_t> get_int(std::string_view key, std::optional<std::int64_t> fallback = std::nullopt,
                               ConfigRange<std::int64_t> range = {std::numeric_limits<std::int64_t>::min(),
                                                                  std::numeric_limits<std::int64_t>::max()}) const;
  // A string of decimal digits and a unit: "250ms", "30s", "5m", "24h", "30d" (a day has 24 hours). No sign, no space,
  // no fraction; the unit is always written.
  Result<std::chrono::milliseconds> get_duration(std::string_view key,
                                                 std::optional<std::chrono::milliseconds> fallback = std::nullopt,
                                                 ConfigRange<std::chrono::milliseconds> range = {
                                                     std::chrono::milliseconds(0), kLongestDuration}) const;
  // Bytes: an integer, or a string of decimal digits and a unit of 1024s: "64KiB", "4MiB", "2GiB", "1TiB", "512B".
  Result<std::uint64_t> get_size(std::string_view key, std::optional<std::uint64_t> fallback = std::nullopt,
                                 ConfigRange<std::uint64_t> range = {0,
                                                                     std::numeric_limits<std::int64_t>::max()}) const;
  // An array of strings, in the file's order.
  Result<std::vector<std::string>> get_strings(std::string_view key,
                                               std::optional<std::vector<std::string>> fallback = std::nullopt) const;

  // The tables of `[[key]]`, in the file's order; none when it is absent. Something else under that name is left
  // unread, so that check_all_read refuses it.
  std::vector<ConfigSection> sections(std::string_view key) const;

  // kMalformed with the place of `key` (of this table when it is absent) in front: for what only the caller can judge,
  // such as two values that exclude each other. `message` goes on after the key's name: "must not be below `min`".
  Error error_at(std::string_view key, std::string_view message) const;

 protected:
  struct File;  // the parsed file, in config.cc
  // `table` is a toml::table of `file`; `prefix` goes before keys in messages ("route[0].").
  ConfigSection(File* file, const void* table, std::string prefix)
      : file_(file), table_(table), prefix_(std::move(prefix)) {}

  File* file_;
  const void* table_;
  std::string prefix_;

 private:
  template <class T>
  Result<T> absent(std::string_view key, std::optional<T> fallback) const;
};

// The file, and its outermost table. Movable; sections stay valid when it moves, and end with it.
class ConfigFile : public ConfigSection {
 public:
  static constexpr std::size_t kMaxSizeBytes = 1024 * 1024;

  // `name` stands before line and column in messages. Errors: kTooLarge above kMaxSizeBytes, or when tables lie deeper
  // in each other than any configuration needs; kMalformed, with the place, when it is not TOML.
  static Result<ConfigFile> parse(std::string_view text, std::string name);
  // Errors: as read_file and parse.
  static Result<ConfigFile> load(FileSystem& fs, const std::string& path);

  ConfigFile(ConfigFile&&) noexcept;
  ConfigFile& operator=(ConfigFile&&) noexcept;
  ~ConfigFile();

  // Call after everything was read. kMalformed naming each key that nobody read (the first 20, in the file's order).
  Result<> check_all_read() const;

 private:
  explicit ConfigFile(std::unique_ptr<File> file);
  std::unique_ptr<File> owned_;
};

}  // namespace redoubt
