#include "keys/sealed_dictionary.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "crypto/secret.h"
#include "encoding/base64.h"

namespace redoubt::keys {
namespace {

constexpr std::string_view kFirstWord = "redoubt-dictionary-v1";
constexpr std::string_view kInfo = "redoubt dictionary v1";
constexpr std::size_t kTagSize = 16;  // of AES-GCM
constexpr std::size_t kSealOverhead = sizeof(crypto::X25519PublicKey) + kTagSize;
constexpr std::size_t kHeaderFixedSize = sizeof(DictionaryId) + 4 + 4 + 4 + 1;
constexpr std::size_t kMaxLineSize = (kDictionaryPartPlainBytesMax + kSealOverhead + 2) / 3 * 4;

Error malformed(std::string what) {
  return {Errc::kMalformed, std::move(what)};
}

bool is_record(std::string_view record) {
  return !record.empty() && record.size() <= kDictionaryRecordMax && record.find('\n') == std::string_view::npos;
}

// Whether so many records can be in so many parts.
bool fits(std::uint32_t records, std::uint64_t parts) {
  return records > 0 && records <= kDictionaryRecordsMax && parts > 0 && parts <= kDictionaryPartsMax &&
         parts <= records && records <= parts * kDictionaryPartRecordsMax;
}

// Of what is sealed.
bool is_part_size(std::size_t size) {
  return size > kSealOverhead && size <= kDictionaryPartPlainBytesMax + kSealOverhead;
}

// The first line without its first word: `ID RECORDS`.
Result<> read_first_line(std::string_view line, DictionaryPart& out) {
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return malformed("the first line is not that of a sealed dictionary");
  const auto id = encoding::hex_decode(line.substr(0, blank));
  if (!id || id->size() != out.id.size()) return malformed("the dictionary has no identifier");
  std::ranges::copy(*id, out.id.begin());
  const std::string_view number = line.substr(blank + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), out.records);
  if (error != std::errc() || end != number.data() + number.size() || number.starts_with('0')) {
    return malformed("it does not say how many records there are");
  }
  if (out.records > kDictionaryRecordsMax) return Error(Errc::kTooLarge, "there are more than 1000000 records");
  return {};
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(line.size() + 1);
  return line;
}

}  // namespace

ByteView dictionary_info() {
  return as_bytes(kInfo);
}

bool is_dictionary_name(std::string_view name) {
  return !name.empty() && name.size() <= kDictionaryNameMax && name.front() != '.' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                  c == '.';
         });
}

Result<SealedDictionary> SealedDictionary::parse(std::string_view name, std::string_view text) {
  if (!is_dictionary_name(name)) return malformed("no dictionary has that name");
  if (text.size() > kSealedDictionaryMax) return Error(Errc::kTooLarge, "the dictionary has more than 16 MiB");
  if (!text.starts_with(kFirstWord) || text.substr(kFirstWord.size(), 1) != " " || !text.ends_with('\n')) {
    return malformed("not a sealed dictionary, or not all of it");
  }
  text.remove_prefix(kFirstWord.size() + 1);
  DictionaryPart part;
  part.name = name;
  if (auto done = read_first_line(take_line(text), part); !done) return done.error();
  const auto lines = std::ranges::count(text, '\n');
  if (!fits(part.records, static_cast<std::uint64_t>(lines))) {
    return malformed("so many records are not in so many parts: the dictionary is not whole");
  }
  part.parts = static_cast<std::uint32_t>(lines);
  SealedDictionary out;
  for (; !text.empty(); ++part.index) {
    const std::string_view line = take_line(text);
    const Error bad = malformed("line " + std::to_string(part.index + 2) + " is no part of a dictionary");
    if (line.size() > kMaxLineSize) return bad;
    auto sealed = encoding::base64_decode(line);
    if (!sealed || !is_part_size(sealed->size())) return bad;
    part.sealed = *std::move(sealed);
    out.parts.push_back(part);
  }
  return out;
}

Result<std::string> seal_dictionary(const crypto::X25519PublicKey& keeper, std::string_view name,
                                    std::vector<std::string> records) {
  if (!is_dictionary_name(name)) {
    return Error(Errc::kInvalidArgument,
                 "a dictionary's name has 1 to 64 letters, digits, `_`, `-` or `.`, and begins with none of the last");
  }
  if (!std::ranges::all_of(records, is_record)) {
    return Error(Errc::kInvalidArgument, "a record has 1 to 256 bytes, in one line");
  }
  std::ranges::sort(records);
  records.erase(std::unique(records.begin(), records.end()), records.end());
  if (records.empty()) return Error(Errc::kInvalidArgument, "a dictionary has one record at least");
  if (records.size() > kDictionaryRecordsMax) return Error(Errc::kTooLarge, "there are more than 1000000 records");
  std::vector<Bytes> plain(1);
  std::size_t in_part = 0;
  for (const std::string& record : records) {
    const std::size_t size = plain.back().size() + record.size() + 1;
    if (in_part == kDictionaryPartRecordsMax || size > kDictionaryPartPlainBytesMax) {
      plain.emplace_back();
      in_part = 0;
    }
    append(plain.back(), as_bytes(record));
    plain.back().push_back(std::byte{'\n'});
    ++in_part;
  }
  DictionaryPart part;
  part.name = name;
  crypto::random_bytes(part.id);
  part.records = static_cast<std::uint32_t>(records.size());
  part.parts = static_cast<std::uint32_t>(plain.size());
  std::string out = std::string(kFirstWord) + " " + encoding::hex(part.id) + " " + std::to_string(part.records) + "\n";
  for (Bytes& text : plain) {
    if (out.size() > kSealedDictionaryMax || part.index >= kDictionaryPartsMax) break;
    const auto sealed = crypto::hpke_seal(keeper, dictionary_info(), dictionary_part_header(part), text);
    crypto::wipe(text);
    if (!sealed) return sealed.error();
    Bytes both = to_bytes(sealed->encapsulated_key);
    append(both, sealed->ciphertext);
    out += encoding::base64(both) + "\n";
    ++part.index;
  }
  if (part.index < part.parts || out.size() > kSealedDictionaryMax) {
    return Error(Errc::kTooLarge, "the records have too many bytes together: sealed, more than 16 MiB");
  }
  return out;
}

Bytes dictionary_part_header(const DictionaryPart& part) {
  Bytes out(kHeaderFixedSize);
  const MutableByteView fixed(out);
  std::ranges::copy(part.id, out.begin());
  store_le(fixed.subspan(16, 4), part.records);
  store_le(fixed.subspan(20, 4), part.parts);
  store_le(fixed.subspan(24, 4), part.index);
  out[28] = static_cast<std::byte>(part.name.size());
  append(out, as_bytes(part.name));
  return out;
}

Bytes encode_dictionary_part(const DictionaryPart& part) {
  Bytes out = dictionary_part_header(part);
  append(out, part.sealed);
  return out;
}

Result<DictionaryPart> decode_dictionary_part(ByteView bytes) {
  const Error bad = malformed("not a part of a dictionary");
  if (bytes.size() < kHeaderFixedSize) return bad;
  DictionaryPart out;
  std::ranges::copy(bytes.first(out.id.size()), out.id.begin());
  out.records = load_le<std::uint32_t>(bytes.subspan(16, 4));
  out.parts = load_le<std::uint32_t>(bytes.subspan(20, 4));
  out.index = load_le<std::uint32_t>(bytes.subspan(24, 4));
  const auto name_size = std::to_integer<std::size_t>(bytes[28]);
  if (bytes.size() < kHeaderFixedSize + name_size) return bad;
  out.name = as_chars(bytes.subspan(kHeaderFixedSize, name_size));
  out.sealed = to_bytes(bytes.subspan(kHeaderFixedSize + name_size));
  if (!is_dictionary_name(out.name) || !fits(out.records, out.parts) || out.index >= out.parts ||
      !is_part_size(out.sealed.size())) {
    return bad;
  }
  return out;
}

}  // namespace redoubt::keys
