// Claims for people: one a line, members of an object below its name.
#pragma once

#include <string_view>

#include "attest/appraisal.h"
#include "attest/claims.h"

namespace redoubt::app::attest_verbs {

// To standard output, each line `indent` spaces in.
void print_claims(const attest::ClaimObject& claims, int indent);

// Who measured what a part of evidence speaks of: `software` what a TPM holds, the `platform` everything else; empty
// for a statement, which nobody measured.
std::string_view measured_by(const attest::PartResult& part);

}  // namespace redoubt::app::attest_verbs
