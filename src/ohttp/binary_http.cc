#include "ohttp/binary_http.h"

#include <algorithm>
#include <utility>

#include "ohttp/internal/suite.h"

namespace redoubt::ohttp {

namespace {

using internal::append_varint;
using internal::take_varint;

// Framing indicators (RFC 9292 §3.3).
constexpr std::uint64_t kKnownRequest = 0;
constexpr std::uint64_t kIndeterminateRequest = 2;
constexpr std::uint64_t kIndeterminateResponse = 3;

Error malformed(std::string_view why) {
  return {Errc::kMalformed, "the message inside: " + std::string(why)};
}
Error too_large() {
  return {Errc::kTooLarge, "the message inside: its head is too large"};
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// token (RFC 9110 §5.6.2); field names have no upper case (RFC 9292 §3.6).
bool is_token(std::string_view text, bool upper) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (upper && c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

// field-value (RFC 9110 §5.5).
bool is_value(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  if (!text.empty() && (is_space(text.front()) || is_space(text.back()))) return false;
  return std::ranges::all_of(text, [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u >= 0x20 && u != 0x7f) || c == '\t';
  });
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// A length and as many bytes; nothing when they are not all there.
std::optional<std::string_view> take_text(ByteView& rest) {
  ByteView after = rest;
  const auto size = take_varint(after);
  if (!size || *size > after.size()) return std::nullopt;
  const std::string_view out = as_chars(after.first(static_cast<std::size_t>(*size)));
  rest = after.subspan(out.size());
  return out;
}

// Lines of a field section.
class FieldLines {
 public:
  // One; nothing when it is not all there.
  Result<std::optional<Field>> take(ByteView& rest) {
    ByteView after = rest;
    const auto name = take_text(after);
    if (!name) return std::optional<Field>();
    const auto value = take_text(after);
    if (!value) return std::optional<Field>();
    if (!is_token(*name, false) || !is_value(*value)) return malformed("a field is no name in lower case and value");
    bytes_ += name->size() + value->size();
    if (++count_ > kMaxFields || bytes_ > kMaxFieldBytes) return too_large();
    rest = after;
    return std::optional(Field{*name, *value});
  }

 private:
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

// Of known length (RFC 9292 §3.6). An absent one is empty (§3.8).
Result<std::vector<Field>> take_known_fields(ByteView& rest) {
  std::vector<Field> out;
  if (rest.empty()) return out;
  const auto section = take_text(rest);
  if (!section) return malformed("its fields are cut");
  FieldLines lines;
  for (ByteView left = as_bytes(*section); !left.empty();) {
    const auto field = lines.take(left);
    if (!field) return field.error();
    if (!*field) return malformed("its fields are cut");
    out.push_back(**field);
  }
  return out;
}

// Up to the content terminator, a zero.
Result<std::vector<Field>> take_fields(ByteView& rest) {
  std::vector<Field> out;
  if (rest.empty()) return out;
  FieldLines lines;
  while (true) {
    if (rest.empty()) return malformed("its fields are cut");
    if (rest[0] == std::byte{0}) break;
    const auto field = lines.take(rest);
    if (!field) return field.error();
    if (!*field) return malformed("its fields are cut");
    out.push_back(**field);
  }
  rest = rest.subspan(1);
  return out;
}

Result<> take_known_content(ByteView& rest, BinaryRequest& out) {
  if (rest.empty()) return {};
  const auto content = take_text(rest);
  if (!content) return malformed("its content is cut");
  out.content = *content;
  return {};
}

Result<> take_content_pieces(ByteView& rest, BinaryRequest& out) {
  if (rest.empty()) return {};
  for (bool first = true;; first = false) {
    const auto piece = take_text(rest);
    if (!piece) return malformed("its content is cut");
    if (piece->empty()) return {};
    if (first) {
      out.content = *piece;
      continue;
    }
    if (out.joined.empty()) out.joined.assign(out.content.begin(), out.content.end());
    out.joined.insert(out.joined.end(), piece->begin(), piece->end());
    out.content = {out.joined.data(), out.joined.size()};
  }
}

bool is_padding(ByteView rest) {
  return std::ranges::all_of(rest, [](std::byte b) { return b == std::byte{0}; });
}

void append_text(Bytes& out, std::string_view text) {
  append_varint(out, text.size());
  append(out, as_bytes(text));
}

void append_field(Bytes& out, const Field& field) {
  append_varint(out, field.name.size());
  for (const char c : field.name) out.push_back(static_cast<std::byte>(to_lower(c)));
  append_text(out, field.value);
}

}  // namespace

Result<BinaryRequest> read_request(ByteView message) {
  const auto framing = take_varint(message);
  if (!framing || (*framing != kKnownRequest && *framing != kIndeterminateRequest)) {
    return malformed("it is no request");
  }
  BinaryRequest out;
  std::size_t control = 0;
  for (std::string_view* const each : {&out.method, &out.scheme, &out.authority, &out.path}) {
    const auto text = take_text(message);
    if (!text) return malformed("its control data are cut");
    control += text->size();
    if (control > kMaxControlBytes) return too_large();
    *each = *text;
  }
  if (!is_token(out.method, true) || !is_visible(out.scheme) || !is_visible(out.authority) || !is_visible(out.path) ||
      !out.path.starts_with('/') || out.path.find('#') != std::string_view::npos) {
    return malformed("its control data are no method and path");
  }
  const bool known = *framing == kKnownRequest;
  auto fields = known ? take_known_fields(message) : take_fields(message);
  if (!fields) return fields.error();
  out.fields = *std::move(fields);
  if (auto read = known ? take_known_content(message, out) : take_content_pieces(message, out); !read) {
    return read.error();
  }
  if (const auto trailers = known ? take_known_fields(message) : take_fields(message); !trailers) {
    return trailers.error();
  }
  if (!is_padding(message)) return malformed("there are bytes after its end");
  return out;
}

Bytes write_request(const BinaryRequest& request) {
  Bytes out;
  append_varint(out, kKnownRequest);
  for (const std::string_view each : {request.method, request.scheme, request.authority, request.path}) {
    append_text(out, each);
  }
  Bytes fields;
  for (const Field& each : request.fields) append_field(fields, each);
  append_varint(out, fields.size());
  append(out, fields);
  append_text(out, request.content);
  append_varint(out, 0);  // no trailers
  return out;
}

void append_response_head(Bytes& out, int status, std::span<const Field> fields) {
  append_varint(out, kIndeterminateResponse);
  append_varint(out, static_cast<std::uint64_t>(status));
  for (const Field& each : fields) append_field(out, each);
  append_varint(out, 0);
}

void append_content(Bytes& out, std::string_view content) {
  if (!content.empty()) append_text(out, content);
}

void append_end(Bytes& out) {
  append_varint(out, 0);  // no more content
  append_varint(out, 0);  // no trailers
}

Result<> ResponseReader::failed(Error why) {
  state_ = State::kFailed;
  return why;
}

Result<> ResponseReader::feed(ByteView bytes) {
  if (state_ == State::kFailed) return malformed("it was refused before");
  append(held_, bytes);
  ByteView rest = held_;
  while (true) {
    const auto stepped = step(rest);
    if (!stepped) return failed(stepped.error());
    if (!*stepped) break;
  }
  held_.erase(held_.begin(), held_.end() - static_cast<std::ptrdiff_t>(rest.size()));
  return {};
}

// False when there is nothing to go on with.
Result<bool> ResponseReader::step(ByteView& rest) {
  switch (state_) {
    case State::kHead:
      return read_head(rest);
    case State::kLength: {
      const auto size = take_varint(rest);
      if (!size) return false;
      content_left_ = *size;
      state_ = *size == 0 ? State::kTrailers : State::kContent;
      return true;
    }
    case State::kContent: {
      const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(content_left_, rest.size()));
      content_ += as_chars(rest.first(taken));
      rest = rest.subspan(taken);
      content_left_ -= taken;
      if (content_left_ != 0) return false;
      state_ = State::kLength;
      return true;
    }
    case State::kTrailers:
      // We write none, and so want none.
      if (rest.empty()) return false;
      if (rest[0] != std::byte{0}) return malformed("it has trailers");
      rest = rest.subspan(1);
      state_ = State::kEnded;
      return true;
    case State::kEnded:
      if (!is_padding(rest)) return malformed("there are bytes after its end");
      rest = {};
      return false;
    case State::kFailed:
      break;
  }
  return false;
}

Result<bool> ResponseReader::read_head(ByteView& rest) {
  ByteView after = rest;
  const auto framing = take_varint(after);
  if (!framing) return false;
  if (*framing != kIndeterminateResponse) return malformed("it is no response of indeterminate length");
  const auto status = take_varint(after);
  if (!status) return false;
  if (*status < 200 || *status > 599) return malformed("it has no final status");
  Head head{.status = static_cast<int>(*status), .fields = {}};
  // Bounded also while it is not all there.
  constexpr std::size_t kMaxHead = kMaxFieldBytes + (kMaxFields + 2) * 16;
  FieldLines lines;
  while (true) {
    if (after.empty()) break;
    if (after[0] == std::byte{0}) {
      rest = after.subspan(1);
      head_ = std::move(head);
      state_ = State::kLength;
      return true;
    }
    const auto field = lines.take(after);
    if (!field) return field.error();
    if (!*field) break;
    head.fields.emplace_back((*field)->name, (*field)->value);
  }
  if (rest.size() > kMaxHead) return too_large();
  return false;
}

std::string ResponseReader::take_content() {
  return std::exchange(content_, {});
}

}  // namespace redoubt::ohttp
