// What decided where a response to an incident holds somebody back: in place of the policies' name in records.
#pragma once

#include <string_view>

namespace redoubt::record {

// The authorizer; the determining policy is then the response's id. Of an outcome that a response ended
// (Finish::kReleaseDenied), Outcome::limit is that id.
inline constexpr std::string_view kResponseAuthorizer = "response";

}  // namespace redoubt::record
