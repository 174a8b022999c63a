// Certificates as OpenSSL's own checks and its command line read them.
#include "crypto/certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <set>

#include "crypto/public_key.h"
#include "tests/support/temp_dir.h"

namespace redoubt::crypto {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using X509Ptr = std::unique_ptr<X509, FreeX509>;

X509Ptr from_pem(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509Ptr certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  return certificate;
}

X509Ptr from_der(const Bytes& der) {
  const unsigned char* in = as_uchars(ByteView(der));
  return X509Ptr(d2i_X509(nullptr, &in, static_cast<long>(der.size())));
}

std::int64_t unix_seconds(const ASN1_TIME* time) {
  tm parts{};
  EXPECT_EQ(ASN1_TIME_to_tm(time, &parts), 1);
  return ::timegm(&parts);
}

// Exit status and output of a program.
struct Ran {
  int status = -1;
  std::string output;
};
Ran run(const std::string& command) {
  Ran ran;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer;
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) ran.output.append(buffer.data(), n);
  ran.status = ::pclose(pipe);
  return ran;
}

class CertificateTest : public ::testing::Test {
 protected:
  static CertificateAuthority make_authority(const P256PrivateKey& key, const std::string& pem) {
    auto copy = P256PrivateKey::from_scalar(key.scalar().reveal());
    auto authority = CertificateAuthority::create(*std::move(copy), pem);
    EXPECT_TRUE(authority) << (authority ? "" : authority.error().message());
    return *std::move(authority);
  }
  Bytes issue(const std::vector<std::string>& names, milliseconds life = hours(24)) {
    auto der = authority_.issue(leaf_key_.public_key(), names, now_, life);
    EXPECT_TRUE(der) << (der ? "" : der.error().message());
    return der ? *der : Bytes();
  }
  Errc refused(const std::vector<std::string>& names, milliseconds life = hours(24)) {
    auto der = authority_.issue(leaf_key_.public_key(), names, now_, life);
    EXPECT_FALSE(der);
    return der ? Errc{} : der.error().code();
  }
  // What OpenSSL says of the chain, at `now_`.
  int verify(X509* leaf, X509* anchor, std::int64_t at_ms = 0) {
    X509_STORE* store = X509_STORE_new();
    X509_STORE_add_cert(store, anchor);
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, leaf, nullptr);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>((at_ms == 0 ? now_.value : at_ms) / 1000));
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
    X509_verify_cert(context);
    const int error = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return error;
  }

  const UnixMillis now_ = SystemClock().now();
  const P256PrivateKey key_ = P256PrivateKey::generate();
  const P256PrivateKey leaf_key_ = P256PrivateKey::generate();
  const std::string pem_ = CertificateAuthority::make_certificate(key_, "test authority", now_);
  const CertificateAuthority authority_ = make_authority(key_, pem_);
};

TEST(P256PrivateKey, IsItsScalar) {
  const auto key = P256PrivateKey::generate();
  const auto again = P256PrivateKey::from_scalar(key.scalar().reveal());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_key(), key.public_key());
  EXPECT_NE(P256PrivateKey::generate().public_key(), key.public_key());
}

TEST(P256PrivateKey, HasThePublicKeyOfRfc6979) {
  // RFC 6979 §A.2.5: x, Ux, Uy.
  const auto bytes = [](std::string_view text) {
    Bytes out;
    for (std::size_t i = 0; i < text.size(); i += 2) {
      out.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    }
    return out;
  };
  const auto key =
      P256PrivateKey::from_scalar(bytes("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"));
  ASSERT_TRUE(key);
  const Bytes expected = bytes(
      "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
      "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
  EXPECT_EQ(to_bytes(key->public_key()), expected);
}

TEST(P256PrivateKey, RefusesScalarsOutsideTheGroup) {
  Bytes order(32, std::byte{0xff});
  EXPECT_FALSE(P256PrivateKey::from_scalar(order));
  EXPECT_FALSE(P256PrivateKey::from_scalar(Bytes(32)));
  EXPECT_FALSE(P256PrivateKey::from_scalar(Bytes(31, std::byte{1})));
  EXPECT_FALSE(P256PrivateKey::from_scalar(Bytes(33, std::byte{1})));
  EXPECT_TRUE(P256PrivateKey::from_scalar(Bytes(32, std::byte{1})));
}

TEST(P256PrivateKey, GivesPemThatOpenSslReads) {
  const auto key = P256PrivateKey::generate();
  const Secret pem = key.pem();
  BIO* bio = BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.size()));
  EVP_PKEY* read = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  ASSERT_NE(read, nullptr);
  unsigned char* point = nullptr;
  ASSERT_EQ(EVP_PKEY_get1_encoded_public_key(read, &point), 65u);
  EXPECT_EQ(to_bytes(ByteView(reinterpret_cast<std::byte*>(point), 65)), to_bytes(key.public_key()));
  OPENSSL_free(point);
  EVP_PKEY_free(read);
}

TEST(P256PrivateKey, SignsWhatItsPublicKeyVerifies) {
  const auto key = P256PrivateKey::generate();
  const ByteView point(key.public_key());
  const auto verifier = PublicKey::from_point(KeyType::kP256, point.subspan(1, 32), point.subspan(33, 32));
  ASSERT_TRUE(verifier);
  const auto verifies = [&](std::string_view message, ByteView signature) {
    return verifier->verify_ecdsa(HashAlgorithm::kSha256, as_bytes(message), signature.first(32),
                                  signature.subspan(32));
  };
  // Numbers with leading zeros come once in 128 signatures.
  for (int i = 0; i < 500; ++i) {
    const std::string message = "message " + std::to_string(i);
    P256Signature signature = key.sign(as_bytes(message));
    ASSERT_TRUE(verifies(message, signature)) << message;
    EXPECT_FALSE(verifies("another", signature));
    signature[static_cast<std::size_t>(i) % signature.size()] ^= std::byte{1};
    EXPECT_FALSE(verifies(message, signature));
  }
  EXPECT_FALSE(verifies("message", P256PrivateKey::generate().sign(as_bytes("message"))));
}

TEST_F(CertificateTest, LeafVerifiesUnderItsAuthority) {
  const X509Ptr leaf = from_der(issue({"localhost", "127.0.0.1", "::1", "*.ai.example.org"}));
  const X509Ptr anchor = from_pem(pem_);
  EXPECT_EQ(verify(leaf.get(), anchor.get()), X509_V_OK)
      << X509_verify_cert_error_string(verify(leaf.get(), anchor.get()));
  const auto is_host = [&](const char* name) { return X509_check_host(leaf.get(), name, 0, 0, nullptr) == 1; };
  EXPECT_TRUE(is_host("localhost"));
  EXPECT_TRUE(is_host("gateway.ai.example.org"));
  EXPECT_FALSE(is_host("ai.example.org"));
  EXPECT_FALSE(is_host("example.org"));
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "127.0.0.2", 0), 0);
}

TEST_F(CertificateTest, LeafIsForServersOnlyAndSignsNothing) {
  const X509Ptr leaf = from_der(issue({"localhost"}));
  EXPECT_EQ(X509_check_ca(leaf.get()), 0);
  EXPECT_EQ(X509_get_key_usage(leaf.get()), static_cast<unsigned>(KU_DIGITAL_SIGNATURE));
  EXPECT_EQ(X509_get_extended_key_usage(leaf.get()), static_cast<unsigned>(XKU_SSL_SERVER));
  EXPECT_EQ(X509_check_purpose(leaf.get(), X509_PURPOSE_SSL_CLIENT, 0), 0);
  const X509Ptr anchor = from_pem(pem_);
  EXPECT_EQ(X509_check_ca(anchor.get()), 1);
  EXPECT_EQ(X509_get_pathlen(anchor.get()), 0);
  EXPECT_EQ(X509_get_key_usage(anchor.get()), static_cast<unsigned>(KU_KEY_CERT_SIGN));
}

TEST_F(CertificateTest, LeafDoesNotVerifyUnderAnotherAuthorityOfTheSameName) {
  const X509Ptr leaf = from_der(issue({"localhost"}));
  const X509Ptr other =
      from_pem(CertificateAuthority::make_certificate(P256PrivateKey::generate(), "test authority", now_));
  EXPECT_NE(verify(leaf.get(), other.get()), X509_V_OK);
}

TEST_F(CertificateTest, LeafIsValidForADayAtMost) {
  for (const milliseconds life :
       {milliseconds(1), milliseconds(90'000), milliseconds(hours(12)), milliseconds(hours(24))}) {
    const X509Ptr leaf = from_der(issue({"localhost"}, life));
    const std::int64_t begin = unix_seconds(X509_get0_notBefore(leaf.get()));
    const std::int64_t end = unix_seconds(X509_get0_notAfter(leaf.get()));
    EXPECT_EQ(begin, now_.value / 1000 - 300);
    EXPECT_LE(end - begin, 24 * 3600);
    EXPECT_GE(end * 1000, std::min(now_.value + life.count(), (begin + 24 * 3600) * 1000));
    EXPECT_LE(end * 1000, now_.value + life.count() + 1000);
  }
  const X509Ptr leaf = from_der(issue({"localhost"}, hours(1)));
  const X509Ptr anchor = from_pem(pem_);
  EXPECT_EQ(verify(leaf.get(), anchor.get(), now_.value + 3'590'000), X509_V_OK);
  EXPECT_EQ(verify(leaf.get(), anchor.get(), now_.value + 3'602'000), X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(verify(leaf.get(), anchor.get(), now_.value - 302'000), X509_V_ERR_CERT_NOT_YET_VALID);
}

TEST_F(CertificateTest, LeafDoesNotOutliveItsAuthority) {
  const auto life = std::chrono::duration_cast<milliseconds>(CertificateAuthority::kAuthorityLife);
  const UnixMillis near_end{now_.value + life.count() - 60'000};
  const auto der = authority_.issue(leaf_key_.public_key(), std::vector<std::string>{"localhost"}, near_end, hours(1));
  ASSERT_TRUE(der);
  const X509Ptr leaf = from_der(*der);
  const X509Ptr anchor = from_pem(pem_);
  EXPECT_EQ(unix_seconds(X509_get0_notAfter(leaf.get())), unix_seconds(X509_get0_notAfter(anchor.get())));
  for (const UnixMillis outside : {UnixMillis{near_end.value + 120'000}, UnixMillis{now_.value - 400'000}}) {
    const auto none =
        authority_.issue(leaf_key_.public_key(), std::vector<std::string>{"localhost"}, outside, hours(1));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), Errc::kUnavailable);
  }
}

TEST_F(CertificateTest, SerialsArePositiveLongAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    const X509Ptr leaf = from_der(issue({"localhost"}));
    const ASN1_INTEGER* serial = X509_get0_serialNumber(leaf.get());
    EXPECT_EQ(serial->type, V_ASN1_INTEGER);
    EXPECT_EQ(serial->length, 16);
    seen.emplace(reinterpret_cast<const char*>(serial->data), static_cast<std::size_t>(serial->length));
  }
  EXPECT_EQ(seen.size(), 50u);
}

TEST_F(CertificateTest, RefusesPointsThatAreNotOnTheCurve) {
  const std::vector<std::string> names{"localhost"};
  std::vector<P256PublicKey> bad(6, leaf_key_.public_key());
  bad[0][64] ^= std::byte{1};
  bad[1][0] = std::byte{2};
  bad[2][0] = std::byte{0};
  bad[3].fill(std::byte{0});
  bad[4].fill(std::byte{0xff});
  bad[4][0] = std::byte{4};
  bad[5].fill(std::byte{0});
  bad[5][0] = std::byte{4};
  for (const P256PublicKey& point : bad) {
    const auto der = authority_.issue(point, names, now_, hours(1));
    ASSERT_FALSE(der);
    EXPECT_EQ(der.error().code(), Errc::kMalformed);
  }
}

TEST_F(CertificateTest, RefusesNamesThatAreNone) {
  for (const char* name : {"",          " ",         "a b",   "a,DNS:evil.example",
                           "a..b",      ".a",        "a.",    "*",
                           "*.",        "a.*.b",     "b*.a",  "-a",
                           "a-",        "a:80",      "[::1]", "127.0.0",
                           "1.2.3.4.5", "999.1.1.1", "a\n",   "ü.example",
                           "email:x@y", "https://a"}) {
    EXPECT_EQ(refused({name}), Errc::kInvalidArgument) << name;
    EXPECT_FALSE(check_certificate_name(name)) << name;
  }
  EXPECT_EQ(refused({std::string(64, 'a')}), Errc::kInvalidArgument);
  EXPECT_EQ(refused({std::string("a\0b", 3)}), Errc::kInvalidArgument);
  EXPECT_EQ(refused({}), Errc::kInvalidArgument);
  EXPECT_EQ(refused({"good.example", "bad name"}), Errc::kInvalidArgument);
  EXPECT_EQ(refused(std::vector<std::string>(65, "a.example")), Errc::kInvalidArgument);
  EXPECT_FALSE(issue(std::vector<std::string>(64, "a.example")).empty());
}

TEST_F(CertificateTest, RefusesLivesOutsideADay) {
  EXPECT_EQ(refused({"localhost"}, milliseconds(0)), Errc::kInvalidArgument);
  EXPECT_EQ(refused({"localhost"}, milliseconds(-1)), Errc::kInvalidArgument);
  EXPECT_EQ(refused({"localhost"}, hours(24) + milliseconds(1)), Errc::kInvalidArgument);
}

TEST_F(CertificateTest, AuthorityNeedsItsOwnCertificate) {
  const auto open = [&](const std::string& pem) {
    auto copy = P256PrivateKey::from_scalar(key_.scalar().reveal());
    auto authority = CertificateAuthority::create(*std::move(copy), pem);
    return authority ? Errc{} : authority.error().code();
  };
  EXPECT_EQ(open("nonsense"), Errc::kMalformed);
  EXPECT_EQ(open(pem_.substr(0, pem_.size() / 2)), Errc::kMalformed);
  EXPECT_EQ(open(CertificateAuthority::make_certificate(leaf_key_, "test authority", now_)), Errc::kVerifyFailed);
  // Its own leaf is for its key, but no authority's.
  const auto own = authority_.issue(key_.public_key(), std::vector<std::string>{"localhost"}, now_, hours(1));
  EXPECT_EQ(open(*certificate_to_pem(*own)), Errc::kVerifyFailed);
}

TEST_F(CertificateTest, PemIsOfExactlyOneCertificate) {
  const Bytes der = issue({"localhost"});
  const auto pem = certificate_to_pem(der);
  ASSERT_TRUE(pem);
  EXPECT_EQ(X509_cmp(from_pem(*pem).get(), from_der(der).get()), 0);
  Bytes longer = der;
  longer.push_back(std::byte{0});
  Bytes shorter = der;
  shorter.pop_back();
  for (const Bytes& bad : {longer, shorter, Bytes()}) EXPECT_FALSE(certificate_to_pem(bad));
}

TEST_F(CertificateTest, OpensslsCommandLineAgrees) {
  const testing_support::TempDir folder;
  std::ofstream(folder / "ca.pem") << pem_;
  std::ofstream(folder / "leaf.pem") << *certificate_to_pem(issue({"gateway.example", "::1"}));
  const std::string verify_leaf = "openssl verify -x509_strict -purpose sslserver -CAfile " + (folder / "ca.pem") + " ";
  const Ran good = run(verify_leaf + "-verify_hostname gateway.example " + (folder / "leaf.pem"));
  EXPECT_EQ(good.status, 0) << good.output;
  EXPECT_EQ(run(verify_leaf + "-verify_ip ::1 " + (folder / "leaf.pem")).status, 0);
  EXPECT_NE(run(verify_leaf + "-verify_hostname other.example " + (folder / "leaf.pem")).status, 0);
  const Ran text = run("openssl x509 -noout -text -in " + (folder / "leaf.pem"));
  for (const char* part : {"ecdsa-with-SHA256", "TLS Web Server Authentication", "Digital Signature", "CA:FALSE",
                           "DNS:gateway.example, IP Address:0:0:0:0:0:0:0:1", "NIST CURVE: P-256",
                           "X509v3 Authority Key Identifier", "Issuer: CN = test authority"}) {
    EXPECT_NE(text.output.find(part), std::string::npos) << part << "\n" << text.output;
  }
}

}  // namespace
}  // namespace redoubt::crypto
