#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <mutex>

namespace redoubt::log {
namespace {

// Standard error, without ever waiting for its reader: a line that does not go out at once is lost, and counted.
class StandardError final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  StandardError() {
    // The flag O_NONBLOCK would be shared with everybody who has the same pipe; one that we open ourselves is ours.
    struct stat info{};
    if (::fstat(STDERR_FILENO, &info) != 0 || !S_ISFIFO(info.st_mode)) return;
    const int own = ::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (own >= 0) fd_ = own;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (lost_ > 0) {
      const std::string text = fmt::format("log: lines were lost, because nobody reads them lines={}", lost_);
      if (write_line({message.time, {}, message.logger_name, spdlog::level::warn, text})) lost_ = 0;
    }
    if (!write_line(message)) ++lost_;
  }
  void flush_() override {}

 private:
  bool write_line(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    // Up to PIPE_BUF bytes a pipe takes whole or not at all.
    if (line.size() > PIPE_BUF) {
      line.resize(PIPE_BUF);
      line[PIPE_BUF - 1] = '\n';
    }
    pollfd writable{fd_, POLLOUT, 0};
    return ::poll(&writable, 1, 0) == 1 && (writable.revents & POLLOUT) != 0 &&
           ::write(fd_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  }

  int fd_ = STDERR_FILENO;
  std::uint64_t lost_ = 0;
};

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("redoubt", std::make_shared<StandardError>());
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
