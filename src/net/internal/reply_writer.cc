#include "net/internal/reply_writer.h"

#include <array>
#include <charconv>

namespace redoubt::net::internal {

namespace {

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";  // the phrase is optional (RFC 9112 §4), its space is not
  }
}

template <class T>
void append_number(std::string& out, T number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

bool is_servers_own(std::string_view name) {
  // None of these has another first letter, as nearly all other names do.
  if (const char first = to_lower(name.front()); first != 'c' && first != 't' && first != 'd') return false;
  return equals_ignoring_case(name, "content-length") || equals_ignoring_case(name, "transfer-encoding") ||
         equals_ignoring_case(name, "connection") || equals_ignoring_case(name, "date");
}

Result<> check(const ReplyHead& head) {
  if (head.status < 200 || head.status > 599) return Error(Errc::kInvalidArgument, "reply status is out of range");
  if (!is_field_value(head.content_type)) {
    return Error(Errc::kInvalidArgument, "reply content type has a control character");
  }
  for (const HeaderField& field : head.headers) {
    if (!is_token(field.name)) return Error(Errc::kInvalidArgument, "reply header name is not a token");
    if (!is_field_value(field.value)) return Error(Errc::kInvalidArgument, "reply header has a control character");
    if (is_servers_own(field.name)) {
      return Error(Errc::kInvalidArgument, "reply header `" + std::string(field.name) + "` is set by the server");
    }
  }
  return {};
}

}  // namespace

Result<> append_reply_head(std::string& out, const ReplyHead& head, const ReplyFraming& framing,
                           std::string_view date) {
  if (auto good = check(head); !good) return good;
  out += "HTTP/1.1 ";
  append_number(out, head.status);
  out += ' ';
  out += reason(head.status);
  out += "\r\nDate: ";
  out += date;
  if (!head.content_type.empty()) {
    out += "\r\nContent-Type: ";
    out += head.content_type;
  }
  if (framing.body == BodyFraming::kLength && !is_bodiless(head.status)) {
    out += "\r\nContent-Length: ";
    append_number(out, framing.length);
  } else if (framing.body == BodyFraming::kChunked) {
    out += "\r\nTransfer-Encoding: chunked";
  }
  if (!framing.connection.empty()) {
    out += "\r\nConnection: ";
    out += framing.connection;
  }
  for (const HeaderField& field : head.headers) {
    out += "\r\n";
    out += field.name;
    out += ": ";
    out += field.value;
  }
  out += "\r\n\r\n";
  return {};
}

}  // namespace redoubt::net::internal
