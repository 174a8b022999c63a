#include "keys/dictionary_opener.h"

#include <algorithm>

#include "crypto/kdf.h"

namespace redoubt::keys {
namespace {

constexpr std::string_view kTagInfo = "redoubt dictionary tags v1";
constexpr std::size_t kEncapsulatedSize = sizeof(crypto::X25519PublicKey);

}  // namespace

std::uint64_t dictionary_tag(const crypto::Secret& key, std::string_view record) {
  const crypto::Sha256Digest digest = crypto::hmac_sha256(key.reveal(), {as_bytes(record)});
  return load_le<std::uint64_t>(ByteView(digest).first(kDictionaryTagSize));
}

crypto::Secret DictionaryOpener::tag_key(const DictionaryPart& part) const {
  Bytes info = to_bytes(as_bytes(kTagInfo));
  append(info, part.id);
  append(info, as_bytes(part.name));
  return crypto::hkdf_expand(life_, info, kDictionaryKeySize);
}

Result<Bytes> DictionaryOpener::key(const DictionaryPart& part) const {
  const ByteView sealed = part.sealed;
  crypto::X25519PublicKey encapsulated;
  if (sealed.size() <= kEncapsulatedSize) return Error(Errc::kMalformed, "not a part of a dictionary");
  std::ranges::copy(sealed.first(kEncapsulatedSize), encapsulated.begin());
  auto plain = crypto::hpke_open(key_, encapsulated, dictionary_info(), dictionary_part_header(part),
                                 sealed.subspan(kEncapsulatedSize));
  if (!plain) {
    return Error(Errc::kVerifyFailed, "sealed to another keeper's key or under another name, or altered");
  }
  const crypto::Secret key = tag_key(part);
  Bytes out = to_bytes(key.reveal());
  out.reserve(kDictionaryKeySize + kDictionaryPartRecordsMax * kDictionaryTagSize);
  std::size_t records = 0;
  bool good = true;
  for (std::string_view rest = as_chars(*plain); good && !rest.empty();) {
    const std::size_t end = rest.find('\n');
    good = end != std::string_view::npos && end > 0 && end <= kDictionaryRecordMax &&
           ++records <= kDictionaryPartRecordsMax;
    if (!good) break;
    out.resize(out.size() + kDictionaryTagSize);
    store_le(MutableByteView(out).last(kDictionaryTagSize), dictionary_tag(key, rest.substr(0, end)));
    rest.remove_prefix(end + 1);
  }
  crypto::wipe(*plain);
  if (good && records > 0) return out;
  crypto::wipe(out);
  return Error(Errc::kMalformed, "what is sealed is no part of a dictionary");
}

}  // namespace redoubt::keys
