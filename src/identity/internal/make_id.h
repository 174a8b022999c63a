// Names that nobody guesses or meets twice, for keys and approvals.
#pragma once

#include <string>

namespace redoubt::identity {

// `size` random characters of a-z 0-9. Any thread.
std::string make_id(std::size_t size);

}  // namespace redoubt::identity
