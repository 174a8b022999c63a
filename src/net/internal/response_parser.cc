#include "net/internal/response_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <limits>

namespace redoubt::net::internal {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

class HeadParser final : public http::basic_parser<false> {
 public:
  explicit HeadParser(std::span<HeaderField> storage) : fields_(storage) {
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(boost::none);
  }

  int status() const { return status_; }
  int version() const { return version_; }
  const FieldCollector& fields() const { return fields_; }
  bool too_many() const { return too_many_; }

 private:
  void on_request_impl(http::verb, beast::string_view, beast::string_view, int, beast::error_code&) override {}
  void on_response_impl(int status, beast::string_view, int version, beast::error_code&) override {
    status_ = status;
    version_ = version;
  }
  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     beast::error_code& error) override {
    const auto verdict = fields_.add({name.data(), name.size()}, {value.data(), value.size()});
    if (verdict == FieldCollector::Verdict::kGood) return;
    too_many_ = verdict == FieldCollector::Verdict::kTooMany;
    error = http::error::bad_value;
  }
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override { return 0; }
  void on_finish_impl(beast::error_code&) override {}

  FieldCollector fields_;
  int status_ = 0;
  int version_ = 0;
  bool too_many_ = false;
};

}  // namespace

ResponseVerdict parse_response_head(std::string_view bytes, Method to, std::span<HeaderField> storage,
                                    ParsedResponse& out) {
  HeadParser parser(storage);
  parser.eager(false);
  beast::error_code error;
  parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (parser.too_many()) return ResponseVerdict::kTooManyFields;
  if (error || !parser.is_header_done() || parser.status() < 100) return ResponseVerdict::kMalformed;

  out = {};
  out.status = parser.status();
  out.headers = parser.fields().fields();
  out.has_length = parser.fields().has_length();
  out.content_length = parser.fields().length();
  out.keep_alive = parser.version() == 11;
  for (const HeaderField& field : out.headers) {
    if (!equals_ignoring_case(field.name, "connection")) continue;
    for (const auto token : http::token_list(beast::string_view(field.value.data(), field.value.size()))) {
      const std::string_view option(token.data(), token.size());
      if (equals_ignoring_case(option, "close")) {
        out.keep_alive = false;
        break;
      }
      if (equals_ignoring_case(option, "keep-alive")) out.keep_alive = true;
    }
  }
  // RFC 9112 §6.1: a transfer coding in HTTP/1.0 is faulty framing.
  if (parser.fields().chunked() && parser.version() != 11) return ResponseVerdict::kMalformed;

  // RFC 9112 §6.3, in its order.
  const bool no_body = to == Method::kHead || out.status < 200 || out.status == 204 || out.status == 304;
  if (no_body) {
    out.framing = BodyFraming::kNone;
  } else if (parser.fields().chunked()) {
    out.framing = BodyFraming::kChunked;
  } else if (out.has_length) {
    out.framing = out.content_length > 0 ? BodyFraming::kLength : BodyFraming::kNone;
  } else {
    out.framing = BodyFraming::kUntilClose;
    out.keep_alive = false;
  }
  return ResponseVerdict::kGood;
}

}  // namespace redoubt::net::internal
