// What a rule with a dictionary looks records up in.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "inspect/dictionary.h"

namespace redoubt::inspect::internal {

struct Dictionary {
  std::string name;
  std::vector<crypto::Sha256Digest> digests;  // ascending
  std::shared_ptr<const DictionaryKey> key;
};

// As normal_record(), of text that is folded already.
std::string normal_form(std::string_view folded);

}  // namespace redoubt::inspect::internal
