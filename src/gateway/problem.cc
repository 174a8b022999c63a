#include "gateway/problem.h"

#include "encoding/json_writer.h"

namespace redoubt::gateway {
namespace {

// The phrase of HTTP for the status, as RFC 9457 §4.2.1 wants it for `about:blank`.
std::string_view title(int status) {
  switch (status) {
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
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

}  // namespace

std::string problem_body(int status, std::string_view detail) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("title", title(status));
  json.member("status", status);
  json.member("detail", detail);
  json.end_object();
  return out;
}

}  // namespace redoubt::gateway
