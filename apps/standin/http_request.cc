#include "standin/http_request.h"

#include <array>

namespace redoubt::standin {
namespace {

// RFC 9110 §5.6.2: tchar.
constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

bool is_token(std::string_view text) {
  for (char c : text) {
    if (!kToken[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty();
}

// RFC 9110 §5.5: visible characters, obs-text, space and tab.
bool is_field_value(std::string_view text) {
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return false;
  }
  return true;
}

bool is_target(std::string_view text) {
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f) return false;
  }
  return !text.empty();
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// `lower_case` is a lower-case literal.
bool equals(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

ParseOutcome refuse(int status, std::string_view reason) {
  ParseOutcome outcome;
  outcome.state = ParseOutcome::State::kRefused;
  outcome.status = status;
  outcome.reason = reason;
  return outcome;
}

struct Fields {
  std::size_t content_length = 0;
  bool has_content_length = false;
  bool has_transfer_encoding = false;
  bool chunked = false;
  bool close = false;
  bool keep_alive = false;
  bool expects_continue = false;
  int hosts = 0;
};

// RFC 9110 §8.6: digits only. Values that do not fit are too large for any limit of ours.
bool read_length(std::string_view text, std::size_t& length) {
  if (text.empty()) return false;
  length = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    if (length > (SIZE_MAX - 9) / 10) {
      length = SIZE_MAX;
      continue;
    }
    length = length * 10 + static_cast<std::size_t>(c - '0');
  }
  return true;
}

void read_connection(std::string_view value, Fields& fields) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view option = trim(value.substr(0, comma));
    if (equals(option, "close")) fields.close = true;
    if (equals(option, "keep-alive")) fields.keep_alive = true;
    if (comma == std::string_view::npos) break;
    value.remove_prefix(comma + 1);
  }
}

// Zero when the field is acceptable, else the status to refuse with and `reason`.
int read_field(std::string_view name, std::string_view value, Fields& fields, HttpRequest& request,
               std::string_view& reason) {
  switch (name.size()) {
    case 4:
      if (equals(name, "host")) ++fields.hosts;
      break;
    case 6:
      if (equals(name, "expect")) {
        if (!equals(value, "100-continue")) {
          reason = "unknown expectation";
          return 417;
        }
        fields.expects_continue = true;
      }
      break;
    case 10:
      if (equals(name, "connection")) read_connection(value, fields);
      break;
    case 13:
      if (equals(name, "authorization")) request.has_credentials = true;
      break;
    case 14:
      if (equals(name, "content-length")) {
        if (fields.has_content_length || !read_length(value, fields.content_length)) {
          reason = "content length is not one number";
          return 400;
        }
        fields.has_content_length = true;
      }
      break;
    case 17:
      if (equals(name, "transfer-encoding")) {
        fields.chunked = !fields.has_transfer_encoding && equals(value, "chunked");
        fields.has_transfer_encoding = true;
      }
      break;
    default:
      break;
  }
  return 0;
}

// RFC 9112 §3. Zero, or the status to refuse with.
int read_request_line(std::string_view line, HttpRequest& request, std::string_view& reason) {
  reason = "malformed request line";
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return 400;
  request.method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(request.method) || !is_target(target)) return 400;
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/") return 400;
  if (version == "HTTP/1.0") {
    request.http_1_1 = false;
  } else if (version != "HTTP/1.1") {
    reason = "unknown version of HTTP";
    return 505;
  }
  // §3.2.2: absolute-form must be accepted.
  constexpr std::string_view kScheme = "http://";
  if (target.substr(0, kScheme.size()) == kScheme) {
    const std::size_t slash = target.find('/', kScheme.size());
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  if (target.front() != '/') return 400;
  request.path = target.substr(0, target.find('?'));
  return 0;
}

}  // namespace

ParseOutcome parse_request(std::string_view buffer, const HttpLimits& limits) {
  ParseOutcome outcome;
  // RFC 9112 §2.2: an empty line before the request line is ignored.
  std::size_t begin = 0;
  if (buffer.substr(0, 2) == "\r\n") begin = 2;
  if (buffer.size() > begin && buffer != "\r" && !kToken[static_cast<unsigned char>(buffer[begin])]) {
    return refuse(400, "not an HTTP request");
  }

  const std::size_t end = buffer.substr(0, limits.max_head_bytes).find("\r\n\r\n", begin);
  if (end == std::string_view::npos) {
    if (buffer.size() >= limits.max_head_bytes) return refuse(431, "request head is too large");
    return outcome;
  }
  const std::size_t head_size = end + 4;
  std::string_view head = buffer.substr(begin, end + 2 - begin);  // every line with its CRLF

  std::size_t line_end = head.find("\r\n");
  if (int status = read_request_line(head.substr(0, line_end), outcome.request, outcome.reason)) {
    return refuse(status, outcome.reason);
  }
  head.remove_prefix(line_end + 2);

  Fields fields;
  std::size_t count = 0;
  while (!head.empty()) {
    line_end = head.find("\r\n");
    const std::string_view line = head.substr(0, line_end);
    head.remove_prefix(line_end + 2);
    if (++count > limits.max_headers) return refuse(431, "too many header fields");
    const std::size_t colon = line.find(':');
    // A space before the colon or a folded line makes the name something other than a token.
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
      return refuse(400, "malformed header field");
    }
    const std::string_view value = trim(line.substr(colon + 1));
    if (!is_field_value(value)) return refuse(400, "control character in a header field");
    if (int status = read_field(line.substr(0, colon), value, fields, outcome.request, outcome.reason)) {
      return refuse(status, outcome.reason);
    }
  }

  // RFC 9112 §3.2: exactly one Host in HTTP/1.1, never two.
  if (fields.hosts > 1 || (fields.hosts == 0 && outcome.request.http_1_1)) {
    return refuse(400, "host is missing or repeated");
  }
  // §6.1, §6.3: both lengths at once are an attack or an error; chunked without a length may be refused with 411.
  if (fields.has_transfer_encoding) {
    if (fields.has_content_length || !outcome.request.http_1_1) return refuse(400, "ambiguous length of the body");
    if (!fields.chunked) return refuse(501, "unknown transfer coding");
    return refuse(411, "a content length is required");
  }
  if (fields.content_length > limits.max_body_bytes) return refuse(413, "request body is too large");

  outcome.size = head_size + fields.content_length;
  if (buffer.size() < outcome.size) {
    outcome.expects_continue = fields.expects_continue;
    return outcome;
  }
  outcome.state = ParseOutcome::State::kComplete;
  outcome.request.body = buffer.substr(head_size, fields.content_length);
  outcome.request.keep_alive = outcome.request.http_1_1 ? !fields.close : fields.keep_alive && !fields.close;
  return outcome;
}

}  // namespace redoubt::standin
