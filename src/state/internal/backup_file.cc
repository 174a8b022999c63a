#include "state/internal/backup_file.h"

#include <algorithm>
#include <array>

#include "crypto/aead.h"
#include "crypto/sha256.h"

namespace redoubt::state {

namespace {

// Little-endian. Fixed part, note, then what opens the content.
constexpr std::string_view kMagic = "RDBTSTAT";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kFixedSize = 8 + 4 + 4 + 8 + 32 + 8 + 8;
constexpr std::size_t kWrappedKeySize = crypto::Aes256Gcm::kKeySize + crypto::Aes256Gcm::kTagSize;
constexpr std::size_t kKeyPartSize = 32 + kWrappedKeySize;
constexpr std::size_t kSealedChunkSize = kBackupChunkSize + crypto::Aes256Gcm::kTagSize;
constexpr std::string_view kInfo = "redoubt.state.backup.v1";
// Larger databases than SQLite's largest do not occur.
constexpr std::uint64_t kContentMax = std::uint64_t{1} << 48;

struct ParsedHeader {
  BackupHeader header;
  Bytes bytes;  // all of it, as in the file
  ByteView before_key() const { return ByteView(bytes).first(bytes.size() - kKeyPartSize); }
  ByteView key_part() const { return ByteView(bytes).last(kKeyPartSize); }
};

Error malformed(const char* what) {
  return {Errc::kMalformed, std::string("the backup ") + what};
}

Result<> read_exactly(File& file, std::uint64_t offset, MutableByteView out) {
  auto count = file.read_at(offset, out);
  if (!count) return count.error();
  if (*count != out.size()) return malformed("ends too early");
  return {};
}

Bytes fixed_and_note(const BackupHeader& header) {
  Bytes out(kFixedSize);
  MutableByteView rest(out);
  const auto put = [&](ByteView bytes) {
    std::copy(bytes.begin(), bytes.end(), rest.begin());
    rest = rest.subspan(bytes.size());
  };
  const auto put_number = [&](auto number) {
    store_le(rest.first(sizeof(number)), number);
    rest = rest.subspan(sizeof(number));
  };
  put(as_bytes(kMagic));
  put_number(kVersion);
  put_number(static_cast<std::uint32_t>(header.checkpoint_note.size()));
  put_number(header.applied);
  put(header.leaf_hash);
  put_number(static_cast<std::uint64_t>(header.made.value));
  put_number(header.content_size);
  append(out, as_bytes(header.checkpoint_note));
  return out;
}

Result<ParsedHeader> parse_header(File& file) {
  ParsedHeader parsed;
  parsed.bytes.resize(kFixedSize);
  if (auto done = read_exactly(file, 0, parsed.bytes); !done) return done.error();
  const ByteView fixed(parsed.bytes);
  if (as_chars(fixed.first(kMagic.size())) != kMagic) return malformed("is none");
  if (const auto version = load_le<std::uint32_t>(fixed.subspan(8)); version != kVersion) {
    return Error(Errc::kUnsupported, "the backup has version " + std::to_string(version));
  }
  const auto note_size = load_le<std::uint32_t>(fixed.subspan(12));
  if (note_size > kBackupNoteMax) return malformed("has too large a note");
  BackupHeader& header = parsed.header;
  header.applied = load_le<std::uint64_t>(fixed.subspan(16));
  std::copy_n(fixed.begin() + 24, header.leaf_hash.size(), header.leaf_hash.begin());
  header.made = {static_cast<std::int64_t>(load_le<std::uint64_t>(fixed.subspan(56)))};
  header.content_size = load_le<std::uint64_t>(fixed.subspan(64));
  if (header.content_size == 0 || header.content_size > kContentMax) return malformed("has an impossible size");
  parsed.bytes.resize(kFixedSize + note_size + kKeyPartSize);
  if (auto done = read_exactly(file, kFixedSize, MutableByteView(parsed.bytes).subspan(kFixedSize)); !done) {
    return done.error();
  }
  header.checkpoint_note = as_chars(ByteView(parsed.bytes).subspan(kFixedSize, note_size));
  return parsed;
}

// Nonces count; what a chunk is bound to says of which backup, which one, and whether it is the last. So none can be
// left out, repeated, moved, or taken from another backup.
class ChunkPlaces {
 public:
  ChunkPlaces(ByteView header, std::uint64_t content_size) : content_size_(content_size) {
    const auto digest = crypto::sha256(header);
    std::copy(digest.begin(), digest.end(), associated_.begin());
  }
  std::uint64_t count() const { return (content_size_ + kBackupChunkSize - 1) / kBackupChunkSize; }
  std::size_t size(std::uint64_t number) const {
    return static_cast<std::size_t>(
        std::min<std::uint64_t>(kBackupChunkSize, content_size_ - number * kBackupChunkSize));
  }
  void go_to(std::uint64_t number) {
    store_be(MutableByteView(nonce_).last(8), number);
    store_le(MutableByteView(associated_).subspan(32, 8), number);
    associated_[40] = std::byte{number + 1 == count()};
  }
  ByteView nonce() const { return nonce_; }
  ByteView associated_data() const { return associated_; }

 private:
  std::uint64_t content_size_;
  std::array<std::byte, crypto::Aes256Gcm::kNonceSize> nonce_{};
  std::array<std::byte, 32 + 8 + 1> associated_{};
};

}  // namespace

Result<> seal_backup(const BackupHeader& header, const crypto::X25519PublicKey& recipient, File& content, File& out) {
  if (header.checkpoint_note.size() > kBackupNoteMax) return Error(Errc::kTooLarge, "the checkpoint note is too large");
  const crypto::Secret key = crypto::Secret::random(crypto::Aes256Gcm::kKeySize);
  Bytes start = fixed_and_note(header);
  auto wrapped = crypto::hpke_seal(recipient, as_bytes(kInfo), start, key.reveal());
  if (!wrapped) return wrapped.error();
  append(start, wrapped->encapsulated_key);
  append(start, wrapped->ciphertext);
  if (auto done = out.write_at(0, start); !done) return done;

  crypto::Aes256Gcm cipher(key);
  ChunkPlaces places(start, header.content_size);
  Bytes plain(kBackupChunkSize);
  Bytes sealed(kSealedChunkSize);
  Result<> done;
  for (std::uint64_t number = 0; number < places.count() && done; ++number) {
    const MutableByteView chunk = MutableByteView(plain).first(places.size(number));
    done = read_exactly(content, number * kBackupChunkSize, chunk);
    if (!done) break;
    places.go_to(number);
    const MutableByteView to = MutableByteView(sealed).first(chunk.size() + crypto::Aes256Gcm::kTagSize);
    cipher.seal(places.nonce(), places.associated_data(), chunk, to);
    done = out.write_at(start.size() + number * kSealedChunkSize, to);
  }
  crypto::wipe(plain);
  return done;
}

Result<BackupHeader> open_backup(File& backup, const crypto::X25519KeyPair& key, File& out) {
  auto parsed = parse_header(backup);
  if (!parsed) return parsed.error();
  ChunkPlaces places(parsed->bytes, parsed->header.content_size);
  auto size = backup.size();
  if (!size) return size.error();
  const std::uint64_t sealed_size =
      parsed->header.content_size + places.count() * std::uint64_t{crypto::Aes256Gcm::kTagSize};
  if (*size != parsed->bytes.size() + sealed_size) return malformed("has another length than it says");

  crypto::X25519PublicKey encapsulated;
  std::copy_n(parsed->key_part().begin(), encapsulated.size(), encapsulated.begin());
  auto opened = crypto::hpke_open(key, encapsulated, as_bytes(kInfo), parsed->before_key(),
                                  parsed->key_part().subspan(encapsulated.size()));
  if (!opened) return opened.error().in("the backup was not sealed to this key, or was altered");
  const crypto::Secret content_key = crypto::Secret::copy_of(*opened);
  crypto::wipe(*opened);
  if (content_key.size() != crypto::Aes256Gcm::kKeySize) return malformed("has no content key");

  crypto::Aes256Gcm cipher(content_key);
  Bytes sealed(kSealedChunkSize);
  Bytes plain(kBackupChunkSize);
  Result<> done;
  for (std::uint64_t number = 0; number < places.count() && done; ++number) {
    const MutableByteView chunk = MutableByteView(sealed).first(places.size(number) + crypto::Aes256Gcm::kTagSize);
    done = read_exactly(backup, parsed->bytes.size() + number * kSealedChunkSize, chunk);
    if (!done) break;
    places.go_to(number);
    const MutableByteView to = MutableByteView(plain).first(places.size(number));
    if (auto whole = cipher.open(places.nonce(), places.associated_data(), chunk, to); !whole) {
      done = Error(Errc::kVerifyFailed, "the backup was altered, in chunk " + std::to_string(number));
      break;
    }
    done = out.write_at(number * kBackupChunkSize, to);
  }
  crypto::wipe(plain);
  if (!done) return done.error();
  return parsed->header;
}

Result<BackupHeader> read_backup_header(File& file) {
  auto parsed = parse_header(file);
  if (!parsed) return parsed.error();
  return std::move(parsed->header);
}

}  // namespace redoubt::state
