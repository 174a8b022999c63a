// Asking the keeper to open a record's values: signed by the opener, answered to one reader.
//
// The request passes through the gateway, which must not be able to open anything. So the opener signs index, time,
// reason and the reader's fresh key with an Ed25519 key that the keeper knows, and the keeper answers with the opening
// sealed to the reader's key (HPKE, RFC 9180). Every request that is granted is itself a record, with its reason.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/ed25519.h"
#include "crypto/hpke.h"
#include "tlog/hash.h"

namespace redoubt::ledger {

inline constexpr std::size_t kMaxReasonBytes = 256;
// How far the request's time may be from the keeper's.
inline constexpr std::int64_t kOpenRequestMaxSkewMs = 5 * 60 * 1000;

struct OpenRequest {
  tlog::LeafIndex index{};
  UnixMillis time{};
  crypto::X25519PublicKey reader{};  // made for this request alone
  crypto::Ed25519PublicKey opener{};
  crypto::Ed25519Signature signature{};
  std::string reason;  // 1 to kMaxReasonBytes of UTF-8 without control characters

  static constexpr std::size_t kFixedSize = 8 + 8 + 32 + 32 + 64;
};

// Fills `opener` and `signature`. kInvalidArgument when the reason does not have its form.
Result<OpenRequest> sign_open_request(const crypto::Ed25519PrivateKey& opener, std::string_view origin,
                                      tlog::LeafIndex index, UnixMillis time, const crypto::X25519PublicKey& reader,
                                      std::string_view reason);

// kPermissionDenied when the opener is not among `openers`, the time is too far from `now`, or the signature does not
// hold for this log; kMalformed for the reason.
Result<> check_open_request(const OpenRequest& request, std::string_view origin,
                            std::span<const crypto::Ed25519PublicKey> openers, UnixMillis now);

// The form on the ring and, in base64, in HTTP: kFixedSize bytes in the order above, then the reason.
Bytes encode_open_request(const OpenRequest& request);
Result<OpenRequest> decode_open_request(ByteView bytes);

// The answer: HPKE from the keeper to the reader, bound to the request. `sealed` is enc (32 bytes) and ciphertext.
Result<Bytes> seal_opened(const OpenRequest& request, ByteView opening);
Result<Bytes> open_opened(const OpenRequest& request, const crypto::X25519KeyPair& reader, ByteView sealed);

}  // namespace redoubt::ledger
