// Entries of revocation lists are read by RevokedSerials where they are plain, and by OpenSSL where they are not: the
// answer is OpenSSL's either way.
#include <gtest/gtest.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <initializer_list>
#include <optional>
#include <random>

#include "crypto/internal/evp.h"
#include "crypto/internal/revoked_serials.h"
#include "crypto/tests/support/test_authority.h"
#include "crypto/x509.h"
#include "encoding/base64.h"

namespace redoubt::crypto {
namespace {

using internal::Deleter;
using internal::RevokedSerials;
using X509Handle = std::unique_ptr<X509, Deleter<X509_free>>;
using CrlHandle = std::unique_ptr<X509_CRL, Deleter<X509_CRL_free>>;
using RevokedHandle = std::unique_ptr<X509_REVOKED, Deleter<X509_REVOKED_free>>;
using Enumerated = std::unique_ptr<ASN1_ENUMERATED, Deleter<ASN1_ENUMERATED_free>>;
using Time = std::unique_ptr<ASN1_TIME, Deleter<ASN1_TIME_free>>;

X509Handle parse(const Bytes& der) {
  const unsigned char* at = as_uchars(ByteView(der));
  return X509Handle(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

// A list of `issuer`'s that somebody signed, entry by entry.
class ListMaker {
 public:
  explicit ListMaker(const TestAuthority& issuer) : crl_(X509_CRL_new()), now_(ASN1_TIME_set(nullptr, 1'750'000'000)) {
    const X509Handle x509 = parse(issuer.certificate());
    X509_CRL_set_version(crl_.get(), 1);
    X509_CRL_set_issuer_name(crl_.get(), X509_get_subject_name(x509.get()));
    X509_CRL_set1_lastUpdate(crl_.get(), now_.get());
    X509_CRL_set1_nextUpdate(crl_.get(), now_.get());
  }

  void add(const TestAuthority& revoked, std::optional<int> reason) {
    RevokedHandle entry(X509_REVOKED_new());
    const X509Handle x509 = parse(revoked.certificate());
    X509_REVOKED_set_serialNumber(entry.get(), X509_get_serialNumber(x509.get()));
    X509_REVOKED_set_revocationDate(entry.get(), now_.get());
    if (reason) {
      const Enumerated value(ASN1_ENUMERATED_new());
      ASN1_ENUMERATED_set(value.get(), *reason);
      X509_REVOKED_add1_ext_i2d(entry.get(), NID_crl_reason, value.get(), 0, 0);
    }
    X509_CRL_add0_revoked(crl_.get(), entry.release());
  }

  Bytes sign() {
    const internal::Pkey key(EVP_EC_gen("P-256"));
    X509_CRL_sign(crl_.get(), key.get(), EVP_sha256());
    unsigned char* der = nullptr;
    const int size = i2d_X509_CRL(crl_.get(), &der);
    Bytes out = to_bytes(std::as_bytes(std::span(der, static_cast<std::size_t>(size))));
    OPENSSL_free(der);
    return out;
  }

 private:
  CrlHandle crl_;
  Time now_;
};

bool openssl_lists(const Bytes& list, const Bytes& certificate) {
  const unsigned char* at = as_uchars(ByteView(list));
  const CrlHandle crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(list.size())));
  const X509Handle x509 = parse(certificate);
  X509_REVOKED* entry = nullptr;
  return X509_CRL_get0_by_cert(crl.get(), &entry, x509.get()) == 1;
}

TEST(RevocationList, AgreesWithOpenSslOnEntriesAndTheirReasons) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const TestAuthority root("Root");
  const TestAuthority other("Other");
  std::vector<TestAuthority> leaves;
  for (int i = 0; i < 12; ++i) leaves.emplace_back("Leaf", i < 10 ? root : other, TestTerms{.is_authority = false});
  constexpr std::array<std::optional<int>, 5> kReasons{std::nullopt, 1, 6, 8, 11};  // 8 is removeFromCRL, 11 is none
  std::size_t listed = 0;
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds; ++round) {
    ListMaker maker(root);
    // The first rounds have only what is plain.
    for (const TestAuthority& each : leaves) {
      if (random() % 2 == 0) maker.add(each, kReasons[random() % (round < kRounds / 2 ? 3 : kReasons.size())]);
    }
    const Bytes der = maker.sign();
    const auto list = RevocationList::from_der(der);
    ASSERT_TRUE(list) << encoding::hex(der);
    EXPECT_EQ(list->this_update(), UnixMillis{1'750'000'000'000});
    for (const TestAuthority& each : leaves) {
      const bool expected = openssl_lists(der, each.certificate());
      EXPECT_EQ(list->lists(*Certificate::from_der(each.certificate())), expected) << encoding::hex(der);
      listed += expected ? 1 : 0;
    }
  }
  EXPECT_GT(listed, 60U);
}

Bytes sequence(std::initializer_list<Bytes> parts) {
  Bytes content;
  for (const Bytes& part : parts) append(content, part);
  Bytes out{std::byte{0x30}, static_cast<std::byte>(content.size())};
  append(out, content);
  return out;
}

TEST(RevokedSerials, ReadsPlainEntriesAndNothingElse) {
  const auto hex = [](std::string_view digits) { return *encoding::hex_decode(digits); };
  const Bytes time = hex("170d3235303631393130303033355a");
  const Bytes start = [&] {
    Bytes out = hex("0201013003060100");  // version, algorithm
    append(out, hex("3000"));             // issuer
    append(out, time);
    append(out, time);
    return out;
  }();
  const auto read = [&](const Bytes& entries, std::string_view rest = "") {
    Bytes body = start;
    append(body, entries);
    append(body, hex(rest));
    const auto serials = RevokedSerials::read(body);
    return serials && serials->contains(hex("07"));
  };
  const Bytes seven = hex("020107");
  const Bytes reason = hex("300c300a0603551d1504030a0101");
  EXPECT_TRUE(read(sequence({sequence({seven, time})})));
  EXPECT_TRUE(read(sequence({sequence({hex("020200ff"), time}), sequence({seven, time, reason})}), "a0023000"));
  EXPECT_FALSE(RevokedSerials::read(start)->contains(hex("07"))) << "no entries";
  EXPECT_FALSE(read(sequence({sequence({hex("020108"), time})})));

  EXPECT_FALSE(read(sequence({sequence({hex("02020007"), time}), sequence({seven, time})}))) << "not the shortest form";
  EXPECT_FALSE(read(sequence({sequence({hex("0200"), time}), sequence({seven, time})}))) << "no number";
  EXPECT_FALSE(read(sequence({sequence({seven})}))) << "no time";
  EXPECT_FALSE(read(sequence({sequence({seven, time, reason, reason})})));
  EXPECT_FALSE(read(sequence({sequence({seven, time, hex("300c300a0603551d1504030a0108")})}))) << "removeFromCRL";
  EXPECT_FALSE(read(sequence({sequence({seven, time, hex("300c300a0603551d1d04030a0101")})}))) << "certificateIssuer";
  EXPECT_FALSE(read(sequence({sequence({seven, time, hex("300f300d0603551d150101ff04030a0101")})}))) << "critical";
  EXPECT_FALSE(read(sequence({sequence({seven, time})}), "3000")) << "another list";
  EXPECT_FALSE(read(sequence({sequence({seven, time})}), "a0023000a0023000"));
  EXPECT_FALSE(read(hex("020107"))) << "no list";
}

}  // namespace
}  // namespace redoubt::crypto
