#include "ledger/open_request.h"

#include <algorithm>

#include "encoding/base64.h"
#include "encoding/json_writer.h"

namespace redoubt::ledger {
namespace {

constexpr std::string_view kSignedPrefix = "redoubt open request v1\n";
constexpr std::string_view kAnswerInfo = "redoubt opened values v1";

Result<> check_reason(std::string_view reason) {
  const bool control = std::any_of(reason.begin(), reason.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (reason.empty() || reason.size() > kMaxReasonBytes || control || !encoding::is_utf8(reason)) {
    return Error(Errc::kInvalidArgument, "a reason has 1 to 256 bytes of UTF-8 without control characters");
  }
  return {};
}

std::string signed_text(const OpenRequest& request, std::string_view origin) {
  std::string text(kSignedPrefix);
  text += origin;
  text += '\n' + std::to_string(request.index.value) + '\n' + std::to_string(request.time.value) + '\n';
  text += encoding::base64(request.reader) + '\n' + request.reason + '\n';
  return text;
}

}  // namespace

Result<OpenRequest> sign_open_request(const crypto::Ed25519PrivateKey& opener, std::string_view origin,
                                      tlog::LeafIndex index, UnixMillis time, const crypto::X25519PublicKey& reader,
                                      std::string_view reason) {
  if (auto done = check_reason(reason); !done) return done.error();
  OpenRequest request{.index = index,
                      .time = time,
                      .reader = reader,
                      .opener = opener.public_key(),
                      .signature = {},
                      .reason = std::string(reason)};
  request.signature = opener.sign(as_bytes(signed_text(request, origin)));
  return request;
}

Result<> check_open_request(const OpenRequest& request, std::string_view origin,
                            std::span<const crypto::Ed25519PublicKey> openers, UnixMillis now) {
  if (auto done = check_reason(request.reason); !done) return Error(Errc::kMalformed, done.error().message());
  if (std::find(openers.begin(), openers.end(), request.opener) == openers.end()) {
    return Error(Errc::kPermissionDenied, "this key may not open values");
  }
  // Compared without subtracting: the time comes from outside.
  if (request.time.value < now.value - kOpenRequestMaxSkewMs ||
      request.time.value > now.value + kOpenRequestMaxSkewMs) {
    return Error(Errc::kPermissionDenied, "the request's time is more than five minutes from the keeper's");
  }
  if (!crypto::ed25519_verify(request.opener, as_bytes(signed_text(request, origin)), request.signature)) {
    return Error(Errc::kPermissionDenied, "the request's signature does not hold for this log");
  }
  return {};
}

Bytes encode_open_request(const OpenRequest& request) {
  Bytes out(16);
  store_le(MutableByteView(out).subspan(0, 8), request.index.value);
  store_le(MutableByteView(out).subspan(8, 8), static_cast<std::uint64_t>(request.time.value));
  append(out, request.reader);
  append(out, request.opener);
  append(out, request.signature);
  append(out, as_bytes(request.reason));
  return out;
}

Result<OpenRequest> decode_open_request(ByteView bytes) {
  if (bytes.size() < OpenRequest::kFixedSize || bytes.size() > OpenRequest::kFixedSize + kMaxReasonBytes) {
    return Error(Errc::kMalformed, "not a request to open values");
  }
  OpenRequest request;
  request.index.value = load_le<std::uint64_t>(bytes.subspan(0, 8));
  request.time.value = static_cast<std::int64_t>(load_le<std::uint64_t>(bytes.subspan(8, 8)));
  std::copy_n(bytes.begin() + 16, 32, request.reader.begin());
  std::copy_n(bytes.begin() + 48, 32, request.opener.begin());
  std::copy_n(bytes.begin() + 80, 64, request.signature.begin());
  request.reason = std::string(as_chars(bytes.subspan(OpenRequest::kFixedSize)));
  if (auto done = check_reason(request.reason); !done) return Error(Errc::kMalformed, done.error().message());
  return request;
}

Result<Bytes> seal_opened(const OpenRequest& request, ByteView opening) {
  auto message = crypto::hpke_seal(request.reader, as_bytes(kAnswerInfo), request.signature, opening);
  if (!message) return message.error();
  Bytes out = to_bytes(message->encapsulated_key);
  append(out, message->ciphertext);
  return out;
}

Result<Bytes> open_opened(const OpenRequest& request, const crypto::X25519KeyPair& reader, ByteView sealed) {
  crypto::X25519PublicKey encapsulated;
  if (sealed.size() < encapsulated.size()) return Error(Errc::kMalformed, "opened values are too short");
  std::copy_n(sealed.begin(), encapsulated.size(), encapsulated.begin());
  return crypto::hpke_open(reader, encapsulated, as_bytes(kAnswerInfo), request.signature,
                           sealed.subspan(encapsulated.size()));
}

}  // namespace redoubt::ledger
