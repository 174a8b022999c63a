#include "ohttp/encapsulation.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "crypto/hpke_context.h"
#include "crypto/kdf.h"
#include "ohttp/internal/suite.h"

namespace redoubt::ohttp {

namespace {

using crypto::Aes256Gcm;
using crypto::Secret;
using internal::append_varint;
using internal::be16;
using internal::take_varint;

constexpr std::string_view kRequestLabel = "message/bhttp chunked request";
constexpr std::string_view kResponseLabel = "message/bhttp chunked response";
constexpr std::string_view kFinal = "final";  // associated data of the last chunk
constexpr std::size_t kHeaderSize = 1 + 3 * 2;
constexpr std::size_t kHeadSize = kHeaderSize + std::tuple_size_v<crypto::X25519PublicKey>;
constexpr std::size_t kMaxSealedChunk = kMaxChunk + Aes256Gcm::kTagSize;

Bytes header_of(std::uint8_t key_id) {
  Bytes out{std::byte{key_id}};
  for (const std::uint16_t each : {internal::kKem, internal::kKdf, internal::kAead}) append(out, be16(each));
  return out;
}

// RFC 9458 §4.3, with the label of chunks.
Bytes request_info(ByteView header) {
  Bytes out = to_bytes(as_bytes(kRequestLabel));
  out.push_back(std::byte{0});
  append(out, header);
  return out;
}

Error malformed(std::string_view why) {
  return {Errc::kMalformed, std::string(why)};
}

}  // namespace

Result<RequestHead> read_request_head(ByteView message) {
  if (message.size() < kHeadSize) return malformed("the sealed request is cut");
  RequestHead out;
  out.key_id = static_cast<std::uint8_t>(message[0]);
  if (!std::ranges::equal(message.first(kHeaderSize), header_of(out.key_id))) {
    return malformed("the sealed request is in another suite than X25519, HKDF-SHA256, AES-256-GCM");
  }
  std::ranges::copy(message.subspan(kHeaderSize, out.encapsulated_key.size()), out.encapsulated_key.begin());
  return out;
}

// RFC 9458 §4.4.
ResponseKeys::ResponseKeys(const Secret& secret, const crypto::X25519PublicKey& encapsulated_key,
                           ByteView response_nonce)
    : ResponseKeys([&] {
        Bytes salt = to_bytes(encapsulated_key);
        append(salt, response_nonce);
        return crypto::hkdf_extract(salt, secret.reveal());
      }()) {}

ResponseKeys::ResponseKeys(const Secret& pseudorandom_key)
    : aead_(crypto::hkdf_expand(pseudorandom_key, as_bytes("key"), Aes256Gcm::kKeySize)),
      base_nonce_(crypto::hkdf_expand(pseudorandom_key, as_bytes("nonce"), Aes256Gcm::kNonceSize)) {}

std::array<std::byte, Aes256Gcm::kNonceSize> ResponseKeys::next_nonce() {
  REDOUBT_CHECK(counter_ != UINT64_MAX);
  std::array<std::byte, Aes256Gcm::kNonceSize> out{};
  store_be(MutableByteView(out).subspan(out.size() - sizeof counter_), counter_++);
  std::ranges::transform(out, base_nonce_.reveal(), out.begin(), [](std::byte a, std::byte b) { return a ^ b; });
  return out;
}

ResponseSealer::ResponseSealer(const Secret& secret, const crypto::X25519PublicKey& encapsulated_key,
                               const std::array<std::byte, kResponseNonceSize>& nonce)
    : nonce_(nonce), keys_(secret, encapsulated_key, nonce) {}

void ResponseSealer::add(Bytes& out, ByteView content) {
  while (!content.empty()) {
    const ByteView chunk = content.first(std::min(content.size(), kMaxChunk));
    content = content.subspan(chunk.size());
    const std::size_t sealed = chunk.size() + Aes256Gcm::kTagSize;
    append_varint(out, sealed);
    out.resize(out.size() + sealed);
    keys_.aead().seal(keys_.next_nonce(), {}, chunk, MutableByteView(out).last(sealed));
  }
}

void ResponseSealer::end(Bytes& out, ByteView content) {
  REDOUBT_CHECK(content.size() <= kMaxChunk);
  const std::size_t sealed = content.size() + Aes256Gcm::kTagSize;
  append_varint(out, 0);
  out.resize(out.size() + sealed);
  keys_.aead().seal(keys_.next_nonce(), as_bytes(kFinal), content, MutableByteView(out).last(sealed));
}

Result<OpenedRequest> open_request_with_nonce_for_test(const crypto::X25519KeyPair& pair, ByteView message,
                                                       const std::array<std::byte, kResponseNonceSize>& nonce) {
  const auto head = read_request_head(message);
  if (!head) return head.error();
  auto context = crypto::HpkeRecipient::create(pair, head->encapsulated_key, request_info(message.first(kHeaderSize)));
  if (!context) return context.error();
  Bytes content;
  content.reserve(message.size());
  for (ByteView rest = message.subspan(kHeadSize);;) {
    const auto size = take_varint(rest);
    if (!size) return malformed("the sealed request has no final chunk");
    const bool is_final = *size == 0;
    const std::size_t sealed = is_final ? rest.size() : static_cast<std::size_t>(*size);
    // A chunk that is not the final one has something in it.
    if (sealed > kMaxSealedChunk || sealed > rest.size() || (!is_final && sealed <= Aes256Gcm::kTagSize)) {
      return malformed("the sealed request has a chunk that is empty, too large or cut");
    }
    const auto chunk = context->open(is_final ? as_bytes(kFinal) : ByteView(), rest.first(sealed));
    if (!chunk) return Error(chunk.error().code(), "the sealed request does not open");
    append(content, *chunk);
    if (is_final) break;
    rest = rest.subspan(sealed);
  }
  const Secret secret = context->export_secret(as_bytes(kResponseLabel), kResponseNonceSize);
  return OpenedRequest{
      .head = *head, .content = std::move(content), .response = ResponseSealer(secret, head->encapsulated_key, nonce)};
}

Result<OpenedRequest> open_request(const crypto::X25519KeyPair& pair, ByteView message) {
  std::array<std::byte, kResponseNonceSize> nonce;
  crypto::random_bytes(nonce);
  return open_request_with_nonce_for_test(pair, message, nonce);
}

Error ResponseOpener::failed(Errc code, std::string_view why) {
  failed_ = true;
  return {code, std::string(why)};
}

Result<Bytes> ResponseOpener::open_chunk(ByteView sealed, std::string_view associated_data) {
  if (sealed.size() < Aes256Gcm::kTagSize) return failed(Errc::kVerifyFailed, "the sealed response is cut");
  Bytes out(sealed.size() - Aes256Gcm::kTagSize);
  if (!keys_->aead().open(keys_->next_nonce(), as_bytes(associated_data), sealed, out)) {
    return failed(Errc::kVerifyFailed, "the sealed response does not open");
  }
  return out;
}

Result<Bytes> ResponseOpener::feed(ByteView bytes) {
  if (failed_) return failed(Errc::kVerifyFailed, "the sealed response did not open");
  append(held_, bytes);
  ByteView rest = held_;
  Bytes out;
  if (!keys_) {
    if (rest.size() < kResponseNonceSize) return out;
    keys_.emplace(secret_, encapsulated_key_, rest.first(kResponseNonceSize));
    rest = rest.subspan(kResponseNonceSize);
  }
  while (!final_) {
    ByteView after = rest;
    const auto size = take_varint(after);
    if (!size) break;
    if (*size == 0) {
      final_ = true;
      rest = after;
      break;
    }
    if (*size <= Aes256Gcm::kTagSize || *size > kMaxSealedChunk) {
      return failed(Errc::kMalformed, "the sealed response has a chunk that is empty or too large");
    }
    if (after.size() < *size) break;
    const auto chunk = open_chunk(after.first(static_cast<std::size_t>(*size)), {});
    if (!chunk) return chunk.error();
    append(out, *chunk);
    rest = after.subspan(static_cast<std::size_t>(*size));
  }
  if (final_ && rest.size() > kMaxSealedChunk) {
    return failed(Errc::kMalformed, "the sealed response has a final chunk that is too large");
  }
  held_.erase(held_.begin(), held_.end() - static_cast<std::ptrdiff_t>(rest.size()));
  return out;
}

Result<Bytes> ResponseOpener::end() {
  if (failed_ || !final_) return failed(Errc::kVerifyFailed, "the sealed response is cut");
  auto out = open_chunk(held_, kFinal);
  failed_ = true;  // whatever comes now is after the end
  return out;
}

Result<SealedRequest> seal_request(const KeyConfiguration& configuration, ByteView content) {
  const Bytes header = header_of(configuration.id);
  auto context = crypto::HpkeSender::create(configuration.public_key, request_info(header));
  if (!context) return context.error();
  Bytes message = header;
  append(message, context->encapsulated_key());
  while (content.size() > kMaxChunk) {
    const Bytes sealed = context->seal({}, content.first(kMaxChunk));
    append_varint(message, sealed.size());
    append(message, sealed);
    content = content.subspan(kMaxChunk);
  }
  append_varint(message, 0);
  append(message, context->seal(as_bytes(kFinal), content));
  return SealedRequest{.message = std::move(message),
                       .response = ResponseOpener(context->export_secret(as_bytes(kResponseLabel), kResponseNonceSize),
                                                  context->encapsulated_key())};
}

}  // namespace redoubt::ohttp
