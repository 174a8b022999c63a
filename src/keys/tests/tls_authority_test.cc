#include "keys/tls_authority.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.h"

namespace redoubt::keys {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class FakeClock final : public Clock {
 public:
  UnixMillis now() const override { return {1'800'000'000'000}; }
  std::chrono::steady_clock::time_point steady() const override { return time; }
  std::chrono::steady_clock::time_point time{hours(1)};
};

class TlsAuthorityTest : public ::testing::Test {
 protected:
  Result<TlsAuthority> open(LeafPolicy policy = {.names = {"localhost"}}) {
    return TlsAuthority::open(fs_, KeyStore::plain(), folder_.path(), std::move(policy), clock_);
  }
  Errc why_refused(LeafPolicy policy = {.names = {"localhost"}}) {
    auto authority = open(std::move(policy));
    EXPECT_FALSE(authority);
    return authority ? Errc{} : authority.error().code();
  }
  // Certificates given until one is refused.
  int certify_all(TlsAuthority& authority) {
    for (int given = 0; given < 100; ++given) {
      auto leaf = authority.certify(key_.public_key());
      if (leaf) continue;
      EXPECT_EQ(leaf.error().code(), Errc::kResourceExhausted);
      return given;
    }
    return 100;
  }

  const testing_support::TempDir folder_;
  PosixFileSystem fs_;
  FakeClock clock_;
  const crypto::P256PrivateKey key_ = crypto::P256PrivateKey::generate();
};

TEST_F(TlsAuthorityTest, IsMadeOnceAndThenOpened) {
  auto first = open();
  ASSERT_TRUE(first) << first.error().message();
  auto second = open();
  ASSERT_TRUE(second);
  EXPECT_EQ(first->certificate_pem(), second->certificate_pem());
  EXPECT_NE(first->certificate_pem().find("BEGIN CERTIFICATE"), std::string::npos);
  struct stat info{};
  ASSERT_EQ(::stat((folder_ / "tls-ca.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(TlsAuthorityTest, ALostCertificateIsMadeAnewForTheSameKey) {
  const std::string pem = open()->certificate_pem();
  ASSERT_TRUE(fs_.remove(folder_ / "tls-ca.pem"));
  auto authority = open();
  ASSERT_TRUE(authority);
  EXPECT_NE(authority->certificate_pem(), pem);
  EXPECT_TRUE(authority->certify(key_.public_key()));
}

TEST_F(TlsAuthorityTest, ACertificateOfAnotherKeyIsRefused) {
  ASSERT_TRUE(open());
  const std::string other = crypto::CertificateAuthority::make_certificate(key_, "other", clock_.now());
  ASSERT_TRUE(write_file_atomically(fs_, folder_ / "tls-ca.pem", as_bytes(other)));
  EXPECT_EQ(why_refused(), Errc::kVerifyFailed);
  ASSERT_TRUE(write_file_atomically(fs_, folder_ / "tls-ca.pem", as_bytes("nonsense")));
  EXPECT_EQ(why_refused(), Errc::kMalformed);
}

TEST_F(TlsAuthorityTest, AKeyThatOthersCanReadIsRefused) {
  ASSERT_TRUE(open());
  ASSERT_EQ(::chmod((folder_ / "tls-ca.key").c_str(), 0640), 0);
  EXPECT_EQ(why_refused(), Errc::kPermissionDenied);
}

TEST_F(TlsAuthorityTest, APolicyThatCannotBeFollowedIsRefusedAtOnce) {
  EXPECT_EQ(why_refused({.names = {}}), Errc::kInvalidArgument);
  EXPECT_EQ(why_refused({.names = {"bad name"}}), Errc::kInvalidArgument);
  EXPECT_EQ(why_refused({.names = {"localhost"}, .life = hours(25)}), Errc::kInvalidArgument);
  EXPECT_EQ(why_refused({.names = {"localhost"}, .life = seconds(0)}), Errc::kInvalidArgument);
}

TEST_F(TlsAuthorityTest, AsksWithoutEndAreRefused) {
  auto authority = open();
  EXPECT_EQ(certify_all(*authority), TlsAuthority::kBurst);
  clock_.time += seconds(59);
  EXPECT_EQ(certify_all(*authority), 0);
  clock_.time += seconds(1);
  EXPECT_EQ(certify_all(*authority), 1);
  clock_.time += hours(10);
  EXPECT_EQ(certify_all(*authority), TlsAuthority::kBurst);
}

TEST_F(TlsAuthorityTest, AShortLifeCanBeRenewedAtItsHalf) {
  auto authority = open({.names = {"localhost"}, .life = seconds(4)});
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(authority->certify(key_.public_key())) << i;
    clock_.time += seconds(2);
  }
}

TEST_F(TlsAuthorityTest, WhatIsNoPointIsRefusedAndCostsNothing) {
  auto authority = open();
  crypto::P256PublicKey bad = key_.public_key();
  bad[64] ^= std::byte{1};
  const auto refused = authority->certify(bad);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kMalformed);
  EXPECT_EQ(certify_all(*authority), TlsAuthority::kBurst);
}

}  // namespace
}  // namespace redoubt::keys
