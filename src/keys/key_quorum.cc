#include "keys/key_quorum.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"

namespace redoubt::keys {

namespace {

using crypto::Aes256Gcm;
using crypto::Secret;
using QuorumId = std::array<std::byte, 16>;
using ShareSecrets = std::vector<const Secret*>;  // in the order of their numbers

constexpr std::string_view kMagic = "redoubt-key-quorum-v1";
constexpr std::string_view kShareDomain = "redoubt key quorum share v1";
constexpr std::string_view kSetDomain = "redoubt key quorum set v1";
constexpr std::string_view kFileDomain = "redoubt key quorum file v1";
constexpr std::string_view kTextDomain = "redoubt key quorum text v1";
constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford's
constexpr unsigned kTextVersion = 1;
// version and number in one byte, the id's beginning, the share, the checksum
constexpr std::size_t kTextBytes = 1 + 4 + QuorumShare::kSize + 3;
static_assert(kTextBytes * 8 == 64 * 5);

// Sets of `threshold` numbers out of 1 to `count`, as bits (bit 0 is number 1), in ascending order.
std::vector<unsigned> sets_of(unsigned threshold, unsigned count) {
  std::vector<unsigned> out;
  for (unsigned set = 0; set < (1U << count); ++set) {
    if (static_cast<unsigned>(std::popcount(set)) == threshold) out.push_back(set);
  }
  return out;
}

crypto::Sha256Digest check_of(const QuorumId& id, unsigned number, const Secret& secret) {
  const std::array<std::byte, 1> which{static_cast<std::byte>(number)};
  return crypto::sha256({as_bytes(kShareDomain), id, which, secret.reveal()});
}

// The sealing of a set's copy: its key is used once, so its nonce is zero.
struct SetSeal {
  SetSeal(const QuorumId& id, unsigned set, const ShareSecrets& secrets, std::string_view head) {
    Secret material(secrets.size() * QuorumShare::kSize);
    auto to = material.reveal_mutable().begin();
    for (const Secret* each : secrets) to = std::ranges::copy(each->reveal(), to).out;
    context = to_bytes(as_bytes(kSetDomain));
    context.push_back(static_cast<std::byte>(set));
    append(context, as_bytes(head));
    key = crypto::hkdf(id, material.reveal(), context, Aes256Gcm::kKeySize);
  }

  Bytes context;  // the domain, which shares, and the file's first line
  Secret key;
  std::array<std::byte, Aes256Gcm::kNonceSize> nonce{};
};

crypto::Sha256Digest tag_of(const QuorumId& id, const Secret& key, std::string_view file) {
  const Secret tag_key = crypto::hkdf(id, key.reveal(), as_bytes(kFileDomain), 32);
  return crypto::hmac_sha256(tag_key.reveal(), {as_bytes(file)});
}

std::string head_of(const QuorumId& id, unsigned threshold, unsigned count) {
  return std::string(kMagic) + " " + encoding::hex(id) + " " + std::to_string(threshold) + " " + std::to_string(count);
}

Error malformed(std::string_view what) {
  return {Errc::kMalformed, "the quorum's file " + std::string(what)};
}

std::array<std::byte, 3> checksum_of(ByteView text) {
  const auto digest = crypto::sha256({as_bytes(kTextDomain), text});
  return {digest[0], digest[1], digest[2]};
}

// The value of a digit, -1 for what stands between, nothing for another character.
std::optional<int> digit_of(char c) {
  if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n') return -1;
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'O') c = '0';
  if (c == 'I' || c == 'L') c = '1';
  const std::size_t at = kDigits.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<int>(at);
}

// Lines of a text, each ended by a line feed.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  std::optional<std::string_view> next() {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return line;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// 32 bytes in lower-case hexadecimal.
std::optional<std::array<std::byte, 32>> read_digest(std::optional<std::string_view> line) {
  const auto bytes = line ? encoding::hex_decode(*line) : Result<Bytes>(malformed("ends"));
  if (!bytes || bytes->size() != 32 || encoding::hex(*bytes) != *line) return std::nullopt;
  std::array<std::byte, 32> out;
  std::ranges::copy(*bytes, out.begin());
  return out;
}

}  // namespace

struct QuorumMaker {
  static QuorumShare share(unsigned number, const QuorumId& id) {
    return {number, {id[0], id[1], id[2], id[3]}, Secret::random(QuorumShare::kSize)};
  }
  static const Secret& secret(const QuorumShare& share) { return share.secret_; }
};

Secret QuorumShare::to_text() const {
  Secret bytes(kTextBytes);
  const MutableByteView out = bytes.reveal_mutable();
  out[0] = static_cast<std::byte>(kTextVersion << 4 | number_);
  std::ranges::copy(quorum_, out.begin() + 1);
  std::ranges::copy(secret_.reveal(), out.begin() + 5);
  std::ranges::copy(checksum_of(bytes.reveal().first(kTextBytes - 3)), out.end() - 3);
  Secret text(kTextSize);
  std::size_t at = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    if (i != 0 && i % 4 == 0) text.reveal_mutable()[at++] = std::byte{'-'};
    unsigned value = 0;
    for (std::size_t bit = i * 5; bit < i * 5 + 5; ++bit) {
      value = value << 1 | (std::to_integer<unsigned>(out[bit / 8]) >> (7 - bit % 8) & 1U);
    }
    text.reveal_mutable()[at++] = static_cast<std::byte>(kDigits[value]);
  }
  return text;
}

Result<QuorumShare> QuorumShare::parse(std::string_view text) {
  if (text.size() > 4 * kTextSize) return Error(Errc::kMalformed, "the share is longer than a share is");
  Secret bytes(kTextBytes);
  const MutableByteView out = bytes.reveal_mutable();
  std::size_t digits = 0;
  for (const char c : text) {
    const auto digit = digit_of(c);
    if (!digit) return Error(Errc::kMalformed, "the share has a character that no share has");
    if (*digit < 0) continue;
    if (digits == 64) return Error(Errc::kMalformed, "the share has more than 64 letters and digits");
    for (int i = 4; i >= 0; --i) {
      const std::size_t bit = digits * 5 + static_cast<std::size_t>(4 - i);
      out[bit / 8] |= static_cast<std::byte>((*digit >> i & 1) << (7 - bit % 8));
    }
    ++digits;
  }
  if (digits != 64) {
    return Error(Errc::kMalformed, "the share has " + std::to_string(digits) + " letters and digits instead of 64");
  }
  const auto checksum = checksum_of(bytes.reveal().first(kTextBytes - 3));
  if (!crypto::equal_constant_time(checksum, bytes.reveal().last(3))) {
    return Error(Errc::kMalformed, "the share is not as it was written down: one of its letters or digits is wrong");
  }
  const auto head = std::to_integer<unsigned>(out[0]);
  const unsigned number = head & 0xf;
  if (head >> 4 != kTextVersion || number == 0 || number > kQuorumSharesMax) {
    return Error(Errc::kMalformed, "the share is of a version that is not known here");
  }
  return QuorumShare(number, {out[1], out[2], out[3], out[4]}, Secret::copy_of(bytes.reveal().subspan(5, kSize)));
}

Result<NewKeyQuorum> make_key_quorum(const Secret& key, unsigned threshold, unsigned count) {
  if (threshold < 2 || threshold > count || count > kQuorumSharesMax) {
    return Error(Errc::kInvalidArgument, "a quorum is of 2 to 8 shares, of which 2 or more open it");
  }
  if (key.empty() || key.size() > kQuorumKeyBytesMax) {
    return Error(Errc::kInvalidArgument, "a quorum is for a key of 1 to 1024 bytes");
  }
  QuorumId id;
  crypto::random_bytes(id);
  NewKeyQuorum out;
  const std::string head = head_of(id, threshold, count);
  out.file = head + "\n";
  for (unsigned number = 1; number <= count; ++number) {
    out.shares.push_back(QuorumMaker::share(number, id));
    out.file += encoding::hex(check_of(id, number, QuorumMaker::secret(out.shares.back()))) + "\n";
  }
  for (const unsigned set : sets_of(threshold, count)) {
    ShareSecrets secrets;
    for (const QuorumShare& each : out.shares) {
      if ((set >> (each.number() - 1) & 1U) != 0) secrets.push_back(&QuorumMaker::secret(each));
    }
    const SetSeal seal(id, set, secrets, head);
    Bytes sealed(key.size() + Aes256Gcm::kTagSize);
    Aes256Gcm(seal.key).seal(seal.nonce, seal.context, key.reveal(), sealed);
    out.file += encoding::base64(sealed) + "\n";
  }
  out.file += encoding::hex(tag_of(id, key, out.file)) + "\n";
  return out;
}

Result<KeyQuorum> KeyQuorum::parse(std::string_view file) {
  if (file.size() > kFileBytesMax) return Error(Errc::kTooLarge, "the quorum's file is larger than 256 KiB");
  Lines lines(file);
  const auto head = lines.next();
  if (!head || !head->starts_with(kMagic) || head->size() != kMagic.size() + 1 + 32 + 4) {
    return malformed("does not begin as one does");
  }
  KeyQuorum out;
  const auto id = encoding::hex_decode(head->substr(kMagic.size() + 1, 32));
  if (!id) return malformed("has no id");
  std::ranges::copy(*id, out.id_.begin());
  out.threshold_ = static_cast<unsigned>((*head)[head->size() - 3] - '0');
  const auto count = static_cast<unsigned>(head->back() - '0');
  if (out.threshold_ < 2 || out.threshold_ > count || count > kQuorumSharesMax ||
      head_of(out.id_, out.threshold_, count) != *head) {
    return malformed("has numbers that no quorum has");
  }
  for (unsigned number = 1; number <= count; ++number) {
    const auto check = read_digest(lines.next());
    if (!check) return malformed("has a digest that is none");
    out.checks_.push_back(*check);
  }
  for (std::size_t i = sets_of(out.threshold_, count).size(); i > 0; --i) {
    const auto line = lines.next();
    auto sealed = line ? encoding::base64_decode(*line) : Result<Bytes>(malformed("ends"));
    if (!sealed || sealed->size() <= Aes256Gcm::kTagSize || sealed->size() > kQuorumKeyBytesMax + Aes256Gcm::kTagSize ||
        (!out.sealed_.empty() && sealed->size() != out.sealed_.front().size())) {
      return malformed("has a sealed key that is none");
    }
    out.sealed_.push_back(*std::move(sealed));
  }
  out.tagged_ = file.substr(0, file.size() - lines.rest().size());
  const auto tag = read_digest(lines.next());
  if (!tag || !lines.rest().empty()) return malformed("does not end as one does");
  out.tag_ = *tag;
  return out;
}

Result<> KeyQuorum::check(const QuorumShare& share) const {
  const std::string which = "share " + std::to_string(share.number_) + " ";
  if (!std::ranges::equal(share.quorum_, ByteView(id_).first(share.quorum_.size())) || share.number_ > count()) {
    return Error(Errc::kNotFound, which + "is of another quorum");
  }
  if (!crypto::equal_constant_time(check_of(id_, share.number_, share.secret_), checks_[share.number_ - 1])) {
    return Error(Errc::kVerifyFailed, which + "is not the one that was made for this quorum");
  }
  return {};
}

Result<Secret> KeyQuorum::open(std::span<const QuorumShare> shares) const {
  if (shares.size() != threshold_) {
    return Error(Errc::kInvalidArgument,
                 "it takes " + std::to_string(threshold_) + " shares, and there are " + std::to_string(shares.size()));
  }
  for (const QuorumShare& each : shares) {
    if (auto checked = check(each); !checked) return checked.error();
  }
  unsigned set = 0;
  ShareSecrets secrets;
  for (unsigned number = 1; number <= count(); ++number) {
    for (const QuorumShare& each : shares) {
      if (each.number_ != number) continue;
      if ((set >> (number - 1) & 1U) != 0) {
        return Error(Errc::kInvalidArgument, "share " + std::to_string(number) + " is there twice");
      }
      set |= 1U << (number - 1);
      secrets.push_back(&each.secret_);
    }
  }
  const auto sets = sets_of(threshold_, count());
  const auto at = static_cast<std::size_t>(std::ranges::find(sets, set) - sets.begin());
  const SetSeal seal(id_, set, secrets, head_of(id_, threshold_, count()));
  const Bytes& sealed = sealed_[at];
  Secret key(sealed.size() - Aes256Gcm::kTagSize);
  const Error changed(Errc::kVerifyFailed, "the quorum's file was changed");
  if (!Aes256Gcm(seal.key).open(seal.nonce, seal.context, sealed, key.reveal_mutable())) return changed;
  if (!crypto::equal_constant_time(tag_of(id_, key, tagged_), tag_)) return changed;
  return key;
}

}  // namespace redoubt::keys
