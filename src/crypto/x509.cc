#include "crypto/x509.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "base/check.h"
#include "crypto/internal/public_key_impl.h"

namespace redoubt::crypto {

namespace {

using internal::Deleter;
using internal::Pkey;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using X509Owner = std::unique_ptr<X509, Deleter<X509_free>>;
using CrlOwner = std::unique_ptr<X509_CRL, Deleter<X509_CRL_free>>;
using Object = std::unique_ptr<ASN1_OBJECT, Deleter<ASN1_OBJECT_free>>;
using Purposes = std::unique_ptr<EXTENDED_KEY_USAGE, Deleter<EXTENDED_KEY_USAGE_free>>;
using Store = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;
struct StackDeleter {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using Stack = std::unique_ptr<STACK_OF(X509), StackDeleter>;

constexpr UnixMillis kNever{0};

// Seconds, as X.509 has them; nothing when the field is no time.
std::optional<UnixMillis> to_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return UnixMillis{static_cast<std::int64_t>(timegm(&parts)) * 1000};
}

std::string to_text(const X509_NAME* name) {
  const Bio out(BIO_new(BIO_s_mem()));
  REDOUBT_CHECK(out && X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Bio reader_of(std::string_view text) {
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  REDOUBT_CHECK(bio != nullptr);
  return bio;
}

// One block of PEM; its label and content are OpenSSL's to free.
struct PemBlock {
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* content = nullptr;
  long size = 0;
  PemBlock() = default;
  PemBlock(const PemBlock&) = delete;
  PemBlock& operator=(const PemBlock&) = delete;
  ~PemBlock() {
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(content);
  }
  ByteView bytes() const { return std::as_bytes(std::span(content, static_cast<std::size_t>(size))); }
};

// Calls `take` with the bytes of each block that has one of the two labels. kMalformed for a block that is not whole.
template <class Take>
Result<> each_block(std::string_view text, std::string_view label, std::string_view old_label, const Take& take) {
  if (text.size() > RevocationList::kMaxBytes * 2) return Error(Errc::kTooLarge, "the PEM text is too large");
  const Bio bio = reader_of(text);
  for (;;) {
    PemBlock block;
    if (PEM_read_bio(bio.get(), &block.label, &block.header, &block.content, &block.size) != 1) {
      const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      ERR_clear_error();
      if (at_end) return {};
      return Error(Errc::kMalformed, "a PEM block is damaged or has no end");
    }
    if (block.label != label && block.label != old_label) continue;
    if (auto taken = take(block.bytes()); !taken) return taken;
  }
}

}  // namespace

struct Certificate::Impl {
  enum class SelfSigned : std::uint8_t { kNotAsked, kNo, kYes };

  X509Owner x509;
  Bytes der;
  Sha256Digest sha256;
  PublicKey public_key;
  UnixMillis not_before;
  UnixMillis not_after;
  // The answer, which costs a signature, once somebody asked; two threads that ask at once find the same.
  mutable std::atomic<SelfSigned> self_signed{SelfSigned::kNotAsked};
};

Result<Certificate> Certificate::from_der(ByteView der) {
  if (der.size() > kMaxBytes) return Error(Errc::kTooLarge, "a certificate has at most 64 KiB");
  const unsigned char* at = as_uchars(der);
  X509Owner x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!x509 || at != as_uchars(der) + der.size()) {
    ERR_clear_error();
    return Error(Errc::kMalformed, x509 ? "bytes follow the certificate" : "no certificate");
  }
  // Caches what extensions say; extensions that cannot be read, or stand twice, are told here.
  if (X509_check_purpose(x509.get(), -1, 0) != 1 || (X509_get_extension_flags(x509.get()) & EXFLAG_INVALID) != 0) {
    ERR_clear_error();
    return Error(Errc::kMalformed, "a certificate with extensions that cannot be read");
  }
  const auto not_before = to_time(X509_get0_notBefore(x509.get()));
  const auto not_after = to_time(X509_get0_notAfter(x509.get()));
  if (!not_before || !not_after) return Error(Errc::kMalformed, "a certificate without times");
  EVP_PKEY* key = X509_get0_pubkey(x509.get());
  if (key == nullptr || EVP_PKEY_up_ref(key) != 1) {
    ERR_clear_error();
    return Error(Errc::kUnsupported, "a certificate with a public key of an unknown kind");
  }
  auto public_key = PublicKey::Impl::adopt(Pkey(key));
  if (!public_key) return public_key.error();
  return Certificate(std::make_shared<const Impl>(std::move(x509), to_bytes(der), crypto::sha256(der),
                                                  PublicKey(*std::move(public_key)), *not_before, *not_after));
}

Result<std::vector<Bytes>> Certificate::der_in_pem(std::string_view text) {
  std::vector<Bytes> out;
  auto read = each_block(text, "CERTIFICATE", "X509 CERTIFICATE", [&](ByteView der) -> Result<> {
    if (out.size() == kMaxInBundle) return Error(Errc::kTooLarge, "more than 32 certificates");
    out.push_back(to_bytes(der));
    return {};
  });
  if (!read) return read.error();
  if (out.empty()) return Error(Errc::kMalformed, "no certificate in the PEM text");
  return out;
}

Result<std::vector<Certificate>> Certificate::from_pem(std::string_view text) {
  const auto blocks = der_in_pem(text);
  if (!blocks) return blocks.error();
  std::vector<Certificate> out;
  for (const Bytes& der : *blocks) {
    auto certificate = from_der(der);
    if (!certificate) return certificate.error();
    out.push_back(*std::move(certificate));
  }
  return out;
}

ByteView Certificate::der() const {
  return impl_->der;
}
const Sha256Digest& Certificate::sha256() const {
  return impl_->sha256;
}
const PublicKey& Certificate::public_key() const {
  return impl_->public_key;
}
std::string Certificate::subject() const {
  return to_text(X509_get_subject_name(impl_->x509.get()));
}
std::string Certificate::issuer() const {
  return to_text(X509_get_issuer_name(impl_->x509.get()));
}

std::string Certificate::common_name() const {
  const X509_NAME* name = X509_get_subject_name(impl_->x509.get());
  int last = -1;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;) last = at;
  if (last < 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
  if (size < 0) {
    ERR_clear_error();
    return {};
  }
  std::string out(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return out;
}

UnixMillis Certificate::not_before() const {
  return impl_->not_before;
}
UnixMillis Certificate::not_after() const {
  return impl_->not_after;
}

bool Certificate::is_self_signed() const {
  if (const auto known = impl_->self_signed.load(); known != Impl::SelfSigned::kNotAsked) {
    return known == Impl::SelfSigned::kYes;
  }
  X509* x509 = impl_->x509.get();
  const bool same = X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
  const bool good = same && X509_verify(x509, X509_get0_pubkey(x509)) == 1;
  if (!good) ERR_clear_error();
  impl_->self_signed = good ? Impl::SelfSigned::kYes : Impl::SelfSigned::kNo;
  return good;
}

bool Certificate::is_authority() const {
  return (X509_get_extension_flags(impl_->x509.get()) & EXFLAG_CA) != 0;
}

bool Certificate::may_sign() const {
  return (X509_get_key_usage(impl_->x509.get()) & KU_DIGITAL_SIGNATURE) != 0;  // all bits when there is no extension
}

bool Certificate::may_encrypt_keys() const {
  return (X509_get_key_usage(impl_->x509.get()) & (KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT)) != 0;
}

std::optional<std::vector<std::string>> Certificate::purposes() const {
  if (X509_get_ext_by_NID(impl_->x509.get(), NID_ext_key_usage, -1) < 0) return std::nullopt;
  const Purposes usage(
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(impl_->x509.get(), NID_ext_key_usage, nullptr, nullptr)));
  std::vector<std::string> out;
  if (!usage || static_cast<std::size_t>(sk_ASN1_OBJECT_num(usage.get())) > kMaxPurposes) return out;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usage.get()); ++i) {
    std::array<char, 128> text{};
    const int size = OBJ_obj2txt(text.data(), text.size(), sk_ASN1_OBJECT_value(usage.get(), i), 1);
    if (size > 0 && static_cast<std::size_t>(size) < text.size()) out.emplace_back(text.data());
  }
  return out;
}

std::optional<ByteView> Certificate::extension(const char* oid) const {
  const Object object(OBJ_txt2obj(oid, 1));
  REDOUBT_CHECK(object != nullptr);
  const int at = X509_get_ext_by_OBJ(impl_->x509.get(), object.get(), -1);
  if (at < 0) return std::nullopt;
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(X509_get_ext(impl_->x509.get(), at));
  return std::as_bytes(std::span(ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))));
}

struct RevocationList::Impl {
  CrlOwner crl;
  Sha256Digest sha256;
  UnixMillis this_update;
  UnixMillis next_update;
  mutable std::mutex mutex;
  mutable std::optional<Sha256Digest> issuer;  // the certificate that is known to have issued it; guarded by mutex
};

Result<RevocationList> RevocationList::from_der(ByteView der) {
  if (der.size() > kMaxBytes) return Error(Errc::kTooLarge, "a revocation list has at most 4 MiB");
  const unsigned char* at = as_uchars(der);
  CrlOwner crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  if (!crl || at != as_uchars(der) + der.size()) {
    ERR_clear_error();
    return Error(Errc::kMalformed, crl ? "bytes follow the revocation list" : "no revocation list");
  }
  const auto this_update = to_time(X509_CRL_get0_lastUpdate(crl.get()));
  if (!this_update) return Error(Errc::kMalformed, "a revocation list without times");
  const auto next_update = to_time(X509_CRL_get0_nextUpdate(crl.get()));
  return RevocationList(
      std::make_shared<const Impl>(std::move(crl), crypto::sha256(der), *this_update, next_update.value_or(kNever)));
}

Result<RevocationList> RevocationList::from_pem(std::string_view text) {
  std::optional<RevocationList> out;
  auto read = each_block(text, "X509 CRL", "CRL", [&](ByteView der) -> Result<> {
    if (out) return {};
    auto list = from_der(der);
    if (!list) return list.error();
    out = *std::move(list);
    return {};
  });
  if (!read) return read.error();
  if (!out) return Error(Errc::kMalformed, "no revocation list in the PEM text");
  return *std::move(out);
}

bool RevocationList::has_issuer_name(const Certificate& issuer) const {
  return X509_NAME_cmp(X509_CRL_get_issuer(impl_->crl.get()), X509_get_subject_name(issuer.impl_->x509.get())) == 0;
}

bool RevocationList::is_issued_by(const Certificate& issuer) const {
  X509* x509 = issuer.impl_->x509.get();
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->issuer == issuer.sha256()) return true;
  }
  if (!has_issuer_name(issuer)) return false;
  if ((X509_get_key_usage(x509) & KU_CRL_SIGN) == 0) return false;
  if (X509_CRL_verify(impl_->crl.get(), X509_get0_pubkey(x509)) != 1) {
    ERR_clear_error();
    return false;
  }
  const std::lock_guard lock(impl_->mutex);
  impl_->issuer = issuer.sha256();
  return true;
}

UnixMillis RevocationList::this_update() const {
  return impl_->this_update;
}
UnixMillis RevocationList::next_update() const {
  return impl_->next_update;
}
Sha256Digest RevocationList::sha256() const {
  return impl_->sha256;
}

bool RevocationList::lists(const Certificate& certificate) const {
  X509_REVOKED* entry = nullptr;
  // 2 is an entry that was taken off again (§5.3.1, removeFromCRL).
  return X509_CRL_get0_by_cert(impl_->crl.get(), &entry, certificate.impl_->x509.get()) == 1;
}

// Judges one question. A struct so that it may see what a Certificate holds.
struct ChainJudge {
  static X509* raw(const Certificate& certificate) { return certificate.impl_->x509.get(); }

  static bool is_of_time(int error) {
    return error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
  }

  // Times are looked at afterwards, so that a path that does not hold is told before one that is too old.
  static int pass_over_time(int good, X509_STORE_CTX* context) {
    return good == 1 || is_of_time(X509_STORE_CTX_get_error(context)) ? 1 : 0;
  }

  static tl::expected<std::vector<Certificate>, ChainProblem> find_path(const ChainQuestion& question) {
    const Store store(X509_STORE_new());
    const StoreContext context(X509_STORE_CTX_new());
    const Stack others(sk_X509_new_null());
    REDOUBT_CHECK(store && context && others);
    for (const Certificate& anchor : question.anchors) {
      REDOUBT_CHECK(X509_STORE_add_cert(store.get(), raw(anchor)) == 1);
    }
    for (const Certificate& other : question.others) REDOUBT_CHECK(sk_X509_push(others.get(), raw(other)) > 0);
    REDOUBT_CHECK(X509_STORE_CTX_init(context.get(), store.get(), raw(question.leaf), others.get()) == 1);
    X509_VERIFY_PARAM* settings = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_flags(settings, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
    X509_VERIFY_PARAM_set_auth_level(settings, 2);  // 112 bits: no SHA-1, no RSA below 2048 bits
    X509_STORE_CTX_set_verify_cb(context.get(), pass_over_time);
    const bool good = X509_verify_cert(context.get()) == 1;
    const int error = X509_STORE_CTX_get_error(context.get());
    ERR_clear_error();
    if (!good || (error != X509_V_OK && !is_of_time(error))) {
      return tl::unexpected(ChainProblem{ChainFault::kNoPath,
                                         std::string("no path to an anchor: ") + X509_verify_cert_error_string(error)});
    }
    std::vector<Certificate> path;
    const STACK_OF(X509)* found = X509_STORE_CTX_get0_chain(context.get());
    for (int i = 0; i < sk_X509_num(found); ++i) path.push_back(own(sk_X509_value(found, i), question));
    return path;
  }

  // The certificate of ours that OpenSSL speaks of.
  static Certificate own(const X509* found, const ChainQuestion& question) {
    if (X509_cmp(found, raw(question.leaf)) == 0) return question.leaf;
    for (const auto& candidates : {question.anchors, question.others}) {
      for (const Certificate& each : candidates) {
        if (X509_cmp(found, raw(each)) == 0) return each;
      }
    }
    REDOUBT_CHECK(false);
  }
};

tl::expected<Chain, ChainProblem> verify_chain(const ChainQuestion& question) {
  auto path = ChainJudge::find_path(question);
  if (!path) return tl::unexpected(std::move(path.error()));
  Chain chain{.path = *std::move(path), .not_before = {INT64_MIN}, .not_after = {INT64_MAX}};
  std::optional<ChainProblem> problem;
  const auto note = [&](ChainFault fault, std::string message) {
    if (!problem || fault < problem->fault) problem = ChainProblem{fault, std::move(message)};
  };
  const auto judge_time = [&](UnixMillis from, UnixMillis to, const std::string& what) {
    chain.not_before = std::max(chain.not_before, from);
    chain.not_after = std::min(chain.not_after, to);
    if (question.at < from) note(ChainFault::kExpired, what + " is not valid yet");
    if (question.at > to) note(ChainFault::kExpired, what + " is no longer valid");
  };
  for (const Certificate& each : chain.path) {
    judge_time(each.not_before(), each.not_after(), "the certificate of `" + each.common_name() + "`");
  }
  for (const RevocationList& list : question.lists) {
    std::size_t issuer = 0;
    while (issuer < chain.path.size() && !list.is_issued_by(chain.path[issuer])) ++issuer;
    if (issuer == chain.path.size()) {
      note(ChainFault::kNoPath, "a revocation list is of no issuer in the path");
      continue;
    }
    judge_time(list.this_update(), list.next_update(),
               "the revocation list of `" + chain.path[issuer].common_name() + "`");
    // What the issuer issued: the certificate before it in the path, and itself when it is self-signed.
    for (const std::size_t i : {issuer - 1, issuer}) {
      if (i < chain.path.size() && list.lists(chain.path[i])) {
        note(ChainFault::kRevoked, "the certificate of `" + chain.path[i].common_name() + "` is revoked");
      }
    }
  }
  if (problem) return tl::unexpected(*std::move(problem));
  return chain;
}

}  // namespace redoubt::crypto
