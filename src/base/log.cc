#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace redoubt::log {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("redoubt", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *instance;
}

// A value with spaces, quotes or control characters is quoted and escaped, so that one line stays one line.
void append_value(std::string& out, std::string_view value) {
  const bool plain = !value.empty() && value.find_first_of(" \"\\=") == std::string_view::npos &&
                     std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c != 0x7f; });
  if (plain) {
    out += value;
    return;
  }
  out += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

void write(spdlog::level::level_enum level, std::string_view component, std::string_view message,
           std::initializer_list<Field> fields) {
  if (!logger().should_log(level)) return;
  std::string line(component);
  line += ": ";
  line += message;
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  logger().log(level, line);
}

}  // namespace

void set_level(Level level) {
  switch (level) {
    case Level::kDebug:
      logger().set_level(spdlog::level::debug);
      break;
    case Level::kInfo:
      logger().set_level(spdlog::level::info);
      break;
    case Level::kWarning:
      logger().set_level(spdlog::level::warn);
      break;
    case Level::kError:
      logger().set_level(spdlog::level::err);
      break;
  }
}

void debug(std::string_view c, std::string_view m, std::initializer_list<Field> f) {
  write(spdlog::level::debug, c, m, f);
}
void info(std::string_view c, std::string_view m, std::initializer_list<Field> f) {
  write(spdlog::level::info, c, m, f);
}
void warning(std::string_view c, std::string_view m, std::initializer_list<Field> f) {
  write(spdlog::level::warn, c, m, f);
}
void error(std::string_view c, std::string_view m, std::initializer_list<Field> f) {
  write(spdlog::level::err, c, m, f);
}

}  // namespace redoubt::log
