// The head of a call: `METHOD TARGET`, then lines `NAME: VALUE`. Whatever they are, they are read or refused; a target
// that is found names an operation whose template it fits, and every parameter that was read fits its shape.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "admin/internal/request_parts.h"
#include "admin/router.h"
#include "base/check.h"
#include "base/timestamp.h"

namespace {

using namespace redoubt;

net::Method method_of(std::string_view text) {
  for (const net::Method method : {net::Method::kHead, net::Method::kPost, net::Method::kPut, net::Method::kPatch,
                                   net::Method::kDelete, net::Method::kOptions}) {
    if (text == net::to_string(method)) return method;
  }
  return net::Method::kGet;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

void read_texts(std::string_view text) {
  if (const auto time = redoubt::parse_timestamp(text)) {
    REDOUBT_CHECK(redoubt::parse_timestamp(redoubt::format_timestamp(*time)) == time);
  }
  static_cast<void>(admin::internal::accepts(text, admin::internal::kJson));
  static_cast<void>(admin::internal::is_media_type(text, admin::internal::kJson));
  static_cast<void>(admin::internal::none_match(text, 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<const admin::Operation*> operations = admin::all_operations();
  static const admin::Router router(operations);

  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view line = take_line(text);
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view target = line.substr(std::min(space + 1, line.size()));
  const std::size_t mark = std::min(target.find('?'), target.size());
  const net::Method method = method_of(line.substr(0, space));
  std::vector<net::HeaderField> fields;
  while (!text.empty() && fields.size() < 16) {
    line = take_line(text);
    const std::size_t colon = std::min(line.find(": "), line.size());
    fields.push_back({line.substr(0, colon), line.substr(std::min(colon + 2, line.size()))});
    read_texts(fields.back().value);
  }
  const net::RequestHead head{.method = method, .headers = fields};

  const auto match = router.find(head.method, target.substr(0, mark));
  for (const admin::Operation* operation : operations) {
    admin::Arguments arguments;
    if (match && match->operation == operation) {
      arguments.path = match->parameters;
    } else {
      for (const admin::Parameter& parameter : operation->parameters) {
        if (parameter.in == admin::Parameter::In::kPath) arguments.path.emplace_back(parameter.name, "x");
      }
    }
    admin::internal::Conditions conditions;
    static_cast<void>(admin::internal::read_conditions(head, *operation, conditions));
    const std::string_view query = target.substr(std::min(mark + 1, target.size()));
    if (admin::internal::read_arguments(*operation, query, arguments)) continue;
    REDOUBT_CHECK(arguments.page.limit >= 1 && arguments.page.limit <= admin::kPageMax);
    for (const auto& given : {arguments.path, arguments.query}) {
      for (const auto& [name, value] : given) {
        const auto known = std::find_if(operation->parameters.begin(), operation->parameters.end(),
                                        [&](const admin::Parameter& parameter) { return parameter.name == name; });
        REDOUBT_CHECK(known != operation->parameters.end() && admin::check_text(*known->shape, value).empty());
      }
    }
  }
  return 0;
}
