// Requests sealed to a key configuration and the responses to them, in chunks (draft-ietf-ohai-chunked-ohttp-08, on
// RFC 9458 §4): HPKE seals the request, and what it exports seals the response, which can so be sent as it comes to be.
//
//   auto request = seal_request(configuration, content);           // the client
//   …                request->message goes out as kRequestType
//
//   auto head = read_request_head(message);                        // the server: which key
//   auto opened = open_request(pair, message);                     // opened->content, opened->head.encapsulated_key
//   out = opened->response.begin(); opened->response.add(out, "…"); opened->response.end(out, "…");
//
//   ResponseOpener& opener = request->response;                    // the client
//   opener.feed(bytes) …  opener.end()                             // a cut response does not end
//
// A message of this form is a request or a response, never the other: the labels differ. All of it is in one suite;
// what is in the messages is for binary_http.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/hpke.h"
#include "crypto/secret.h"
#include "ohttp/key_configuration.h"

namespace redoubt::ohttp {

inline constexpr std::string_view kRequestType = "message/ohttp-chunked-req";
inline constexpr std::string_view kResponseType = "message/ohttp-chunked-res";

// What a chunk has at most before it is sealed; every recipient must take that much (chunked OHTTP §3).
inline constexpr std::size_t kMaxChunk = 16'384;
inline constexpr std::size_t kResponseNonceSize = 32;  // max(Nn, Nk)

// What stands before the sealed bytes, and is bound to them.
struct RequestHead {
  std::uint8_t key_id = 0;
  crypto::X25519PublicKey encapsulated_key{};
};
// kMalformed when it is cut, or of another suite than ours.
Result<RequestHead> read_request_head(ByteView message);

// Key and counter of one response. One thread at a time. Movable, not copyable.
class ResponseKeys {
 public:
  // `secret` was exported from the request's context.
  ResponseKeys(const crypto::Secret& secret, const crypto::X25519PublicKey& encapsulated_key, ByteView response_nonce);

  // The nonce of the next chunk.
  std::array<std::byte, crypto::Aes256Gcm::kNonceSize> next_nonce();
  crypto::Aes256Gcm& aead() { return aead_; }

 private:
  explicit ResponseKeys(const crypto::Secret& pseudorandom_key);

  crypto::Aes256Gcm aead_;
  crypto::Secret base_nonce_;
  std::uint64_t counter_ = 0;
};

// Seals one response. One thread at a time. Movable, not copyable.
class ResponseSealer {
 public:
  ResponseSealer(const crypto::Secret& secret, const crypto::X25519PublicKey& encapsulated_key,
                 const std::array<std::byte, kResponseNonceSize>& nonce);

  // What comes first.
  ByteView begin() const { return nonce_; }
  // Appends `content` to `out` in as many chunks as it needs; nothing for none.
  void add(Bytes& out, ByteView content);
  // Appends the final chunk, of at most kMaxChunk bytes; no more follows.
  void end(Bytes& out, ByteView content = {});

 private:
  std::array<std::byte, kResponseNonceSize> nonce_;
  ResponseKeys keys_;
};

struct OpenedRequest {
  RequestHead head;
  Bytes content;
  ResponseSealer response;
};
// `pair` is that of the head's key. kMalformed for another form, a chunk that is empty or larger than kMaxChunk, a
// message without its final chunk; kVerifyFailed when it was not sealed to this key, or any of it is another.
Result<OpenedRequest> open_request(const crypto::X25519KeyPair& pair, ByteView message);
// The same with the response's nonce given, for test vectors only.
Result<OpenedRequest> open_request_with_nonce_for_test(const crypto::X25519KeyPair& pair, ByteView message,
                                                       const std::array<std::byte, kResponseNonceSize>& nonce);

// Opens one response as it comes, in pieces of any size. One thread at a time. Movable, not copyable.
class ResponseOpener {
 public:
  ResponseOpener(crypto::Secret secret, const crypto::X25519PublicKey& encapsulated_key)
      : secret_(std::move(secret)), encapsulated_key_(encapsulated_key) {}

  // What of the content `bytes` complete. After an error, no more is opened. kMalformed for a chunk that is empty or
  // too large; kVerifyFailed for one that was not sealed in answer to this request, or not in this place.
  Result<Bytes> feed(ByteView bytes);
  // The rest, when no more bytes come. kVerifyFailed when the end is not the end: the response was cut.
  Result<Bytes> end();

 private:
  Result<Bytes> open_chunk(ByteView sealed, std::string_view associated_data);
  Error failed(Errc code, std::string_view why);

  crypto::Secret secret_;
  crypto::X25519PublicKey encapsulated_key_;
  std::optional<ResponseKeys> keys_;  // once the nonce has come
  Bytes held_;                        // not opened yet: at most a chunk and what feed() was given
  bool final_ = false;                // what is held belongs to the final chunk
  bool failed_ = false;
};

struct SealedRequest {
  Bytes message;
  ResponseOpener response;
};
// kVerifyFailed when the key is of small order.
Result<SealedRequest> seal_request(const KeyConfiguration& configuration, ByteView content);

}  // namespace redoubt::ohttp
