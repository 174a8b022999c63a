#include "net/exchange.h"

#include "net/internal/field_syntax.h"

namespace redoubt::net {

std::string_view to_string(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kOther:
      break;
  }
  return "OTHER";
}

RefusalReply ExchangeHandler::refused(std::string_view /*peer_address*/, std::string_view /*path*/,
                                      const Refusal& refusal) {
  return {"text/plain; charset=utf-8", std::string(refusal.message) + "\n"};
}

std::string_view RequestHead::header(std::string_view name, int* count) const {
  std::string_view first;
  int seen = 0;
  for (const HeaderField& field : headers) {
    if (!internal::equals_ignoring_case(field.name, name)) continue;
    if (seen++ == 0) first = field.value;
    if (count == nullptr) break;
  }
  if (count != nullptr) *count = seen;
  return first;
}

}  // namespace redoubt::net
