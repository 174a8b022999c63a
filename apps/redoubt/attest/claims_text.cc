#include "redoubt/attest/claims_text.h"

#include <algorithm>
#include <cstdio>

namespace redoubt::app::attest_verbs {

void print_claims(const attest::ClaimObject& claims, int indent) {
  std::size_t width = 0;
  for (const auto& [name, claim] : claims) width = std::max(width, claim.object() != nullptr ? 0 : name.size());
  for (const auto& [name, claim] : claims) {
    if (const attest::ClaimObject* object = claim.object()) {
      std::printf("%*s%s\n", indent, "", name.c_str());
      print_claims(*object, indent + 2);
      continue;
    }
    std::string text;
    encoding::JsonWriter out(text);
    attest::write_claim(out, claim);
    if (const std::string* plain = claim.text()) text = *plain;
    std::printf("%*s%-*s  %s\n", indent, "", static_cast<int>(width), name.c_str(), text.c_str());
  }
}

std::string_view measured_by(const attest::PartResult& part) {
  if (!part.kind) return {};
  return *part.kind == attest::Kind::kTpm ? "software" : "platform";
}

}  // namespace redoubt::app::attest_verbs
