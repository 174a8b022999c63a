// Receipts and requests to open values: what is accepted has one spelling, or says the same when it is spelled again.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "ledger/open_request.h"
#include "ledger/receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  if (size == 0) return 0;
  const ByteView input(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    const auto receipt = ledger::parse_receipt(as_chars(input));
    if (!receipt) return 0;
    const auto again = ledger::parse_receipt(ledger::format_receipt(*receipt));
    REDOUBT_CHECK(again.has_value() && *again == *receipt);
    return 0;
  }
  const auto request = ledger::decode_open_request(input);
  if (!request) return 0;
  const Bytes again = ledger::encode_open_request(*request);
  REDOUBT_CHECK(std::equal(again.begin(), again.end(), input.begin(), input.end()));
  // A key of our own: with keys of small order, which nobody configures, all zeros can be a signature.
  static const crypto::Ed25519PrivateKey opener = *crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{8}));
  const crypto::Ed25519PublicKey openers[] = {opener.public_key()};
  REDOUBT_CHECK(!ledger::check_open_request(*request, "example.org/log", openers, {1'700'000'000'000}));
  return 0;
}
