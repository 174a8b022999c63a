// The forms, each in a file of its own.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>

#include "attest/key_evidence.h"

namespace redoubt::attest {

std::unique_ptr<const KeyEvidenceForm> make_tinfoil_form();
std::unique_ptr<const KeyEvidenceForm> make_dstack_form();

// Whether a reference value has a text at a claim, or at a claim in an object of them.
inline bool has_text(const ClaimObject& claims, std::string_view name) {
  const Claim* const found = find_claim(claims, name);
  return found != nullptr && found->text() != nullptr && !found->text()->empty();
}
inline bool has_texts(const ClaimObject& claims, std::string_view object, std::initializer_list<const char*> names) {
  const Claim* const found = find_claim(claims, object);
  if (found == nullptr || found->object() == nullptr) return false;
  for (const char* const name : names) {
    if (!has_text(*found->object(), name)) return false;
  }
  return true;
}

}  // namespace redoubt::attest
