// What quotes of SGX and TDX have in common: Intel's chain of keys from the quote to the root, and its collateral.
#pragma once

#include <optional>

#include "attest/intel_collateral.h"
#include "attest/intel_quote.h"
#include "attest/internal/examination.h"

namespace redoubt::attest {

// Judges a quote of `tee`, with the collateral that was given, and makes the claims that both kinds share. The quote,
// as far as it can be read; what failed is noted. Neither nonce nor debug are looked at.
std::optional<IntelQuote> examine_dcap_quote(Examination& examination, ByteView bytes, IntelTee tee);

}  // namespace redoubt::attest
