// The program's own diagnostics: one line each on standard error, `time level component message key=value …`.
//
// A line waits for nobody: while standard error takes no more (a full pipe, a stopped terminal), lines are dropped, and
// the first that goes out again is preceded by one that says how many. A line has at most 4096 bytes.
//
// Not the ledger: nothing here is evidence. Secrets and prompt content never appear in a line. Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace redoubt::log {

struct Field {
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, std::uint64_t v) : key(k), value(std::to_string(v)) {}
  Field(std::string_view k, std::int64_t v) : key(k), value(std::to_string(v)) {}
  Field(std::string_view k, int v) : key(k), value(std::to_string(v)) {}

  std::string_view key;
  std::string value;
};

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };

// Lines below `level` are dropped (default kInfo). Call before threads start.
void set_level(Level level);

void debug(std::string_view component, std::string_view message, std::initializer_list<Field> fields = {});
void info(std::string_view component, std::string_view message, std::initializer_list<Field> fields = {});
void warning(std::string_view component, std::string_view message, std::initializer_list<Field> fields = {});
void error(std::string_view component, std::string_view message, std::initializer_list<Field> fields = {});

}  // namespace redoubt::log
