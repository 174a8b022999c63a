// Identifiers of schemas: references resolved against a base, no more (RFC 3986 §5.2). Nothing is ever fetched.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace redoubt::contract::internal {

// `base` may be empty or relative, which RFC 3986 leaves open: then what can be said of the path is.
std::string resolve_uri(std::string_view base, std::string_view reference);

// Up to the first `#`, and what follows it, percent-decoded; nothing when the encoding is broken.
std::string_view without_fragment(std::string_view uri);
std::optional<std::string> fragment_of(std::string_view uri);

}  // namespace redoubt::contract::internal
