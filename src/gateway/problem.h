// Errors outside the APIs of models, in the form of RFC 9457.
#pragma once

#include <string>
#include <string_view>

namespace redoubt::gateway {

inline constexpr std::string_view kProblemType = "application/problem+json";

// `title`, `status` and `detail`; the type is `about:blank`, which is left out (RFC 9457 §3.1.1).
std::string problem_body(int status, std::string_view detail);

}  // namespace redoubt::gateway
