// Where a page of a list ended, as callers carry it: opaque text, which is good for the question that gave it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "behaviour/mesh_questions.h"

namespace redoubt::behaviour::internal {

// `question` is a digest of what was asked, but for the page.
std::string make_cursor(std::uint64_t question, const MeshPlace& place);
// kMalformed for another question's, and for anything else.
Result<MeshPlace> read_cursor(std::uint64_t question, std::string_view cursor);

}  // namespace redoubt::behaviour::internal
