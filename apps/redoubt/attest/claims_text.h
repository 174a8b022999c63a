// Claims for people: one a line, members of an object below its name.
#pragma once

#include "attest/claims.h"

namespace redoubt::app::attest_verbs {

// To standard output, each line `indent` spaces in.
void print_claims(const attest::ClaimObject& claims, int indent);

}  // namespace redoubt::app::attest_verbs
