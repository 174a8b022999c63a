#include "crypto/x509.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "base/check.h"
#include "crypto/der.h"
#include "crypto/internal/der_writer.h"
#include "crypto/internal/library_context.h"
#include "crypto/internal/pem.h"
#include "crypto/internal/public_key_impl.h"
#include "crypto/internal/revoked_serials.h"

namespace redoubt::crypto {

namespace {

using internal::Deleter;
using internal::Pkey;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using X509Owner = std::unique_ptr<X509, Deleter<X509_free>>;
using CrlOwner = std::unique_ptr<X509_CRL, Deleter<X509_CRL_free>>;
using Any = std::unique_ptr<ASN1_TYPE, Deleter<ASN1_TYPE_free>>;
using Object = std::unique_ptr<ASN1_OBJECT, Deleter<ASN1_OBJECT_free>>;
using Purposes = std::unique_ptr<EXTENDED_KEY_USAGE, Deleter<EXTENDED_KEY_USAGE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;
struct StackDeleter {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using Stack = std::unique_ptr<STACK_OF(X509), StackDeleter>;

constexpr UnixMillis kNever{0};
constexpr std::uint8_t kVersionTag = 0xa0;  // of a certificate: [0], explicit

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

// What is the same in UTF-8: ASCII, in the types in which it is written so. Most names are.
std::optional<std::string_view> find_ascii(const ASN1_STRING* value) {
  const int type = ASN1_STRING_type(value);
  if (type != V_ASN1_UTF8STRING && type != V_ASN1_PRINTABLESTRING && type != V_ASN1_IA5STRING) return std::nullopt;
  const std::string_view out(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                             static_cast<std::size_t>(ASN1_STRING_length(value)));
  if (std::ranges::any_of(out, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) return std::nullopt;
  return out;
}

// Calls `take` with the content of each block that has one of the two labels.
template <class Take>
Result<> each_block(std::string_view text, std::string_view label, std::string_view old_label, const Take& take) {
  if (text.size() > RevocationList::kMaxBytes * 2) return Error(Errc::kTooLarge, "the PEM text is too large");
  internal::PemReader reader(text);
  for (;;) {
    auto block = reader.next(label, old_label);
    if (!block) return block.error();
    if (!*block) return {};
    if (auto taken = take(**std::move(block)); !taken) return taken;
  }
}

X509Owner read_x509(ByteView der, internal::KeyFamily key) {
  X509* into = X509_new_ex(internal::library_context(key), nullptr);
  REDOUBT_CHECK(into != nullptr);
  const unsigned char* at = as_uchars(der);
  // What cannot be read is freed, and `into` with it.
  return X509Owner(d2i_X509(&into, &at, static_cast<long>(der.size())));
}

// What certificates (§4.1) and lists (§5.1) both are: SEQUENCE {what is signed, algorithm, signature}.
struct SignedForm {
  ByteView signed_part;  // with its tag and length
  ByteView body;         // the same without
  ByteView algorithm;    // what it says of itself

  // §4.1.1.2, §5.1.1.2: the algorithm that stands inside what is signed. Versions and serial numbers stand before it.
  bool has_algorithm_inside() const {
    DerReader members(body);
    auto member = members.next();
    while (member && member->tag != DerElement::kSequence) member = members.next();
    return member && std::ranges::equal(member->value, algorithm);
  }
};

// Nothing when it is no DER, or bytes follow.
std::optional<SignedForm> read_signed_form(ByteView der) {
  DerReader outer(der);
  const auto sequence = outer.next(DerElement::kSequence);
  if (!sequence || !outer.at_end()) return std::nullopt;
  DerReader members(*sequence);
  const auto body = members.next(DerElement::kSequence);
  const auto algorithm = members.next(DerElement::kSequence);
  if (!body || !algorithm) return std::nullopt;
  const auto end = static_cast<std::size_t>(body->data() + body->size() - sequence->data());
  return SignedForm{sequence->first(end), *body, *algorithm};
}

// The contents of the serialNumber (§4.1.2.2) of what is signed of a certificate that was read.
ByteView find_serial(ByteView body) {
  DerReader members(body);
  auto member = members.next();
  if (member && member->tag == kVersionTag) member = members.next();
  REDOUBT_CHECK(member.has_value());
  return member->value;
}

// A list as OpenSSL is to read it: without its entries, when they were read already.
CrlOwner read_crl(ByteView der, const SignedForm& form, const std::optional<internal::RevokedSerials>& serials) {
  Bytes shorter;
  if (serials && !serials->entries().empty()) {
    const ByteView entries = serials->entries();
    const auto begin = static_cast<std::size_t>(entries.data() - form.body.data());
    Bytes body;
    internal::append_element(body, DerElement::kSequence,
                             {form.body.first(begin), form.body.subspan(begin + entries.size())});
    const ByteView rest(form.signed_part.data() + form.signed_part.size(), der.data() + der.size());
    internal::append_element(shorter, DerElement::kSequence, {body, rest});
    der = shorter;
  }
  const unsigned char* at = as_uchars(der);
  return CrlOwner(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
}

// Of what is signed of a certificate (§4.1.2), without its tag and length, the subjectPublicKeyInfo and what follows
// it; nothing when it has not so many members.
std::optional<ByteView> find_public_key(ByteView body) {
  DerReader members(body);
  auto member = members.next();
  if (member && member->tag == kVersionTag) member = members.next();
  // That was the serialNumber; signature, issuer, validity and subject follow.
  for (int i = 0; i < 4 && member; ++i) member = members.next();
  if (!member) return std::nullopt;
  return body.subspan(static_cast<std::size_t>(member->value.data() + member->value.size() - body.data()));
}

// Of ECDSA (RFC 5758 §3.2); nothing for other algorithms.
std::optional<HashAlgorithm> find_ecdsa_hash(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* number = nullptr;
  X509_ALGOR_get0(&number, nullptr, nullptr, algorithm);
  switch (OBJ_obj2nid(number)) {
    case NID_ecdsa_with_SHA256:
      return HashAlgorithm::kSha256;
    case NID_ecdsa_with_SHA384:
      return HashAlgorithm::kSha384;
    case NID_ecdsa_with_SHA512:
      return HashAlgorithm::kSha512;
    default:
      return std::nullopt;
  }
}

// Whether `key` signed the certificate or list of these bytes, as its algorithm says. ECDSA by way of PublicKey, which
// is quicker at it; whatever else there is by OpenSSL.
bool is_signed_by(ByteView der, const X509_ALGOR* algorithm, const ASN1_BIT_STRING* signature, const PublicKey& key) {
  const auto form = read_signed_form(der);
  if (!form || !form->has_algorithm_inside()) return false;
  if (const auto hash = find_ecdsa_hash(algorithm)) {
    constexpr long kUnusedBits = 0x07;  // how many bits of the last byte are none of the signature's
    return (signature->flags & kUnusedBits) == 0 &&
           key.verify_ecdsa_der(*hash, form->signed_part,
                                std::as_bytes(std::span(signature->data, static_cast<std::size_t>(signature->length))));
  }
  const unsigned char* at = as_uchars(form->signed_part);
  const Any signed_part(d2i_ASN1_TYPE(nullptr, &at, static_cast<long>(form->signed_part.size())));
  const bool good = signed_part && ASN1_item_verify_ex(ASN1_ITEM_rptr(ASN1_ANY), algorithm, signature,
                                                       signed_part.get(), nullptr, PublicKeyAccess::of(key),
                                                       internal::library_context(family_of(key.type())), nullptr) == 1;
  if (!good) ERR_clear_error();
  return good;
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

  bool is_signed_by(const PublicKey& key) const {
    const ASN1_BIT_STRING* signature = nullptr;
    const X509_ALGOR* algorithm = nullptr;
    X509_get0_signature(&signature, &algorithm, x509.get());
    return crypto::is_signed_by(der, algorithm, signature, key);
  }
};

Result<Certificate> Certificate::from_der(ByteView der) {
  if (der.size() > kMaxBytes) return Error(Errc::kTooLarge, "a certificate has at most 64 KiB");
  const auto form = read_signed_form(der);
  const auto spki = form ? find_public_key(form->body) : std::nullopt;
  if (!spki) return Error(Errc::kMalformed, "no certificate, or bytes follow it");
  const auto family = find_key_family(*spki);
  if (!family) return family.error().in("a certificate");
  X509Owner x509 = read_x509(der, *family);
  // Extensions that cannot be read, or stand twice, are told here.
  if (!x509 || X509_check_purpose(x509.get(), -1, 0) != 1 ||
      (X509_get_extension_flags(x509.get()) & EXFLAG_INVALID) != 0) {
    ERR_clear_error();
    return Error(Errc::kMalformed, "no certificate, or one with extensions that cannot be read");
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
  auto read = each_block(text, "CERTIFICATE", "X509 CERTIFICATE", [&](Bytes der) -> Result<> {
    if (out.size() == kMaxInBundle) return Error(Errc::kTooLarge, "more than 32 certificates");
    out.push_back(std::move(der));
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
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last));
  if (const auto plain = find_ascii(value)) return std::string(*plain);
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, value);
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
  const bool good = same && impl_->is_signed_by(impl_->public_key);
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
  CrlOwner crl;  // without entries, if `serials` has them
  Bytes der;
  std::optional<internal::RevokedSerials> serials;  // of `der`
  Sha256Digest sha256;
  UnixMillis this_update;
  UnixMillis next_update;
  mutable std::mutex mutex;
  mutable std::optional<Sha256Digest> issuer;  // the certificate that is known to have issued it; guarded by mutex
};

Result<RevocationList> RevocationList::from_der(ByteView der) {
  if (der.size() > kMaxBytes) return Error(Errc::kTooLarge, "a revocation list has at most 4 MiB");
  Bytes kept = to_bytes(der);
  const auto form = read_signed_form(kept);
  if (!form) return Error(Errc::kMalformed, "no revocation list, or bytes follow it");
  auto serials = internal::RevokedSerials::read(form->body);
  CrlOwner crl = read_crl(kept, *form, serials);
  if (!crl) {
    ERR_clear_error();
    return Error(Errc::kMalformed, "no revocation list");
  }
  const auto this_update = to_time(X509_CRL_get0_lastUpdate(crl.get()));
  if (!this_update) return Error(Errc::kMalformed, "a revocation list without times");
  const auto next_update = to_time(X509_CRL_get0_nextUpdate(crl.get()));
  return RevocationList(std::make_shared<const Impl>(std::move(crl), std::move(kept), std::move(serials),
                                                     crypto::sha256(der), *this_update, next_update.value_or(kNever)));
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
  const ASN1_BIT_STRING* signature = nullptr;
  const X509_ALGOR* algorithm = nullptr;
  X509_CRL_get0_signature(impl_->crl.get(), &signature, &algorithm);
  if (!is_signed_by(impl_->der, algorithm, signature, issuer.public_key())) return false;
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
  X509* x509 = certificate.impl_->x509.get();
  if (impl_->serials) {
    return X509_NAME_cmp(X509_get_issuer_name(x509), X509_CRL_get_issuer(impl_->crl.get())) == 0 &&
           impl_->serials->contains(find_serial(read_signed_form(certificate.der())->body));
  }
  X509_REVOKED* entry = nullptr;
  // 2 is an entry that was taken off again (§5.3.1, removeFromCRL).
  return X509_CRL_get0_by_cert(impl_->crl.get(), &entry, x509) == 1;
}

// Judges one question. A struct so that it may see what a Certificate holds.
struct ChainJudge {
  static X509* raw(const Certificate& certificate) { return certificate.impl_->x509.get(); }

  // Borrowed.
  static Stack stack_of(std::span<const Certificate> certificates) {
    Stack out(sk_X509_new_reserve(nullptr, static_cast<int>(certificates.size())));
    REDOUBT_CHECK(out != nullptr);
    for (const Certificate& each : certificates) REDOUBT_CHECK(sk_X509_push(out.get(), raw(each)) > 0);
    return out;
  }

  static bool is_of_time(int error) {
    return error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
  }

  // Times are looked at afterwards, so that a path that does not hold is told before one that is too old.
  static int pass_over_time(int good, X509_STORE_CTX* context) {
    return good == 1 || is_of_time(X509_STORE_CTX_get_error(context)) ? 1 : 0;
  }

  // In place of OpenSSL's step of the same purpose, for ECDSA by way of PublicKey: each certificate is signed by the
  // next, which may sign certificates (§6.1.4 (n)). The last is an anchor.
  static int verify_signatures(X509_STORE_CTX* context) {
    const auto& question = *static_cast<const ChainQuestion*>(X509_STORE_CTX_get_app_data(context));
    const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context);
    const auto fail = [&](int error, int depth) {
      X509_STORE_CTX_set_error(context, error);
      X509_STORE_CTX_set_error_depth(context, depth);
      return 0;
    };
    for (int i = sk_X509_num(chain) - 1; i > 0; --i) {
      const X509* issuer = sk_X509_value(chain, i);
      const X509* subject = sk_X509_value(chain, i - 1);
      if ((X509_get_key_usage(sk_X509_value(chain, i)) & KU_KEY_CERT_SIGN) == 0) {
        return fail(X509_V_ERR_KEYUSAGE_NO_CERTSIGN, i);
      }
      if (!own(subject, question).impl_->is_signed_by(own(issuer, question).public_key())) {
        return fail(X509_V_ERR_CERT_SIGNATURE_FAILURE, i - 1);
      }
    }
    return 1;
  }

  static tl::expected<std::vector<Certificate>, ChainProblem> find_path(const ChainQuestion& question) {
    const Stack anchors = stack_of(question.anchors);
    const Stack others = stack_of(question.others);
    const StoreContext context(X509_STORE_CTX_new());
    REDOUBT_CHECK(context && X509_STORE_CTX_init(context.get(), nullptr, raw(question.leaf), others.get()) == 1);
    X509_STORE_CTX_set0_trusted_stack(context.get(), anchors.get());
    X509_VERIFY_PARAM* settings = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_flags(settings, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
    X509_VERIFY_PARAM_set_auth_level(settings, 2);  // 112 bits: no SHA-1, no RSA below 2048 bits
    X509_STORE_CTX_set_verify_cb(context.get(), pass_over_time);
    X509_STORE_CTX_set_verify(context.get(), verify_signatures);
    REDOUBT_CHECK(X509_STORE_CTX_set_app_data(context.get(), const_cast<ChainQuestion*>(&question)) == 1);
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
