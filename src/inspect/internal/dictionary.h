// What a rule with a dictionary looks records up in.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "inspect/dictionary.h"

namespace redoubt::inspect::internal {

struct Dictionary {
  std::string name;
  std::shared_ptr<const Dictionaries> keeper;
};

// As normal_record(), of text that is folded already.
std::string normal_form(std::string_view folded);

}  // namespace redoubt::inspect::internal
