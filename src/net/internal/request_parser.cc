#include "net/internal/request_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <limits>

namespace redoubt::net::internal {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::kGet;
    case http::verb::head:
      return Method::kHead;
    case http::verb::post:
      return Method::kPost;
    case http::verb::put:
      return Method::kPut;
    case http::verb::patch:
      return Method::kPatch;
    case http::verb::delete_:
      return Method::kDelete;
    case http::verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

// The head alone is given to Beast, so the callbacks for bodies are never reached.
class HeadParser final : public http::basic_parser<true> {
 public:
  explicit HeadParser(std::span<HeaderField> storage) : fields_(storage) {
    header_limit(std::numeric_limits<std::uint32_t>::max());  // the scanner has limited it
    body_limit(boost::none);                                  // limited by the connection
  }

  std::string_view target() const { return target_; }
  http::verb verb() const { return verb_; }
  int version() const { return version_; }
  const FieldCollector& fields() const { return fields_; }
  Refusal refusal() const { return refusal_; }

 private:
  void stop(const Refusal& refusal, beast::error_code& error) {
    refusal_ = refusal;
    error = http::error::bad_value;
  }
  void on_request_impl(http::verb verb, beast::string_view, beast::string_view target, int version,
                       beast::error_code&) override {
    verb_ = verb;
    target_ = view(target);
    version_ = version;
  }
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     beast::error_code& error) override {
    switch (fields_.add(view(name), view(value))) {
      case FieldCollector::Verdict::kGood:
        break;
      case FieldCollector::Verdict::kTooMany:
        stop(refusals::kTooManyFields, error);
        break;
      case FieldCollector::Verdict::kBadFraming:
        stop(refusals::kFraming, error);
        break;
    }
  }
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override { return 0; }
  void on_finish_impl(beast::error_code&) override {}

  FieldCollector fields_;
  std::string_view target_;
  http::verb verb_ = http::verb::unknown;
  int version_ = 0;
  Refusal refusal_;
};

// A request line that is right but for a version other than 1.0 and 1.1, for example `GET / HTTP/2.0`.
bool has_other_version(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, bytes.find('\r'));
  const std::size_t space = line.rfind(' ');
  if (space == std::string_view::npos) return false;
  const std::string_view version = line.substr(space + 1);
  return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' &&
         is_digit(version[7]) && version != "HTTP/1.1" && version != "HTTP/1.0";
}

Refusal refusal_of(const beast::error_code& error, std::string_view bytes) {
  if (error == http::error::bad_version && has_other_version(bytes)) return refusals::kVersion;
  if (error == http::error::bad_content_length || error == http::error::multiple_content_length ||
      error == http::error::bad_transfer_encoding) {
    return refusals::kFraming;
  }
  if (error == http::error::bad_target) return refusals::kTarget;
  return refusals::kMalformed;
}

// Splits the target (RFC 9112 §3.2). Only visible ASCII; no fragment, which clients must not send.
bool split_target(std::string_view target, const Authority* host, std::string_view host_value, RequestHead& head) {
  if (target.empty()) return false;
  for (const char c : target) {
    if (c <= 0x20 || c >= 0x7f || c == '#') return false;
  }
  if (target == "*") {
    head.path = target;
    return head.method == Method::kOptions;
  }
  if (target[0] != '/') {
    // absolute-form: tolerated when it says the same as Host, so that nothing downstream can be misled.
    const std::size_t scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos || host == nullptr) return false;
    const std::string_view scheme = target.substr(0, scheme_end);
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return false;
    target.remove_prefix(scheme_end + 3);
    const std::size_t authority_end = target.find_first_of("/?");
    if (!equals_ignoring_case(target.substr(0, authority_end), host_value)) return false;
    target = authority_end == std::string_view::npos ? std::string_view() : target.substr(authority_end);
  }
  const std::size_t question = target.find('?');
  head.path = target.substr(0, question);
  if (head.path.empty()) head.path = "/";
  head.query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  return true;
}

}  // namespace

Refusal parse_request_head(std::string_view bytes, std::span<HeaderField> storage, ParsedRequest& out) {
  HeadParser parser(storage);
  parser.eager(false);
  beast::error_code error;
  parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error) return parser.refusal() ? parser.refusal() : refusal_of(error, bytes);
  if (!parser.is_header_done()) return refusals::kMalformed;

  out = {};
  out.head.method = method_of(parser.verb());
  out.head.headers = parser.fields().fields();
  out.http_1_0 = parser.version() == 10;
  out.keep_alive = parser.keep_alive();
  if (parser.verb() == http::verb::connect) return refusals::kConnect;

  Authority host;
  std::string_view host_value;
  int hosts = 0;
  int expectations = 0;
  for (const HeaderField& field : out.head.headers) {
    if (equals_ignoring_case(field.name, "host")) {
      ++hosts;
      host_value = field.value;
    } else if (equals_ignoring_case(field.name, "expect")) {
      ++expectations;
      out.expect_continue = equals_ignoring_case(field.value, "100-continue");
    }
  }
  if (hosts > 1 || (hosts == 0 && !out.http_1_0)) return refusals::kHost;
  if (hosts == 1 && !parse_authority(host_value, host)) return refusals::kHost;
  if (!split_target(parser.target(), hosts == 1 ? &host : nullptr, host_value, out.head)) return refusals::kTarget;
  if (out.http_1_0) {
    // RFC 9110 §10.1.1: an expectation in HTTP/1.0 is ignored. RFC 9112 §6.1: a transfer coding there is faulty
    // framing.
    out.expect_continue = false;
    if (parser.fields().chunked()) return refusals::kFraming;
  } else if (expectations > 1 || (expectations == 1 && !out.expect_continue)) {
    return refusals::kExpectation;
  }

  if (parser.fields().chunked()) {
    out.framing = BodyFraming::kChunked;
  } else if (parser.fields().length() > 0) {
    out.framing = BodyFraming::kLength;
    out.content_length = parser.fields().length();
  }
  if (out.framing == BodyFraming::kNone) out.expect_continue = false;
  return {};
}

}  // namespace redoubt::net::internal
