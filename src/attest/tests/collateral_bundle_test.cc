#include "attest/collateral_bundle.h"

#include <gtest/gtest.h>

#include "attest/signed_file.h"
#include "base/timestamp.h"

namespace redoubt::attest {
namespace {

tlog::NoteSigner signer(std::string_view name = "example.org/attestation") {
  return *tlog::NoteSigner::create(std::string(name), crypto::Ed25519PrivateKey::generate());
}

const UnixMillis kNoon = *parse_timestamp("2026-01-31T12:00:00Z");

TEST(SignedFile, OpensWhatItsSignerSigned) {
  const tlog::NoteSigner key = signer();
  const SignedFile file{.type = "collateral", .sequence = 7, .created = kNoon, .content = std::string("a\n\n\0b", 5)};
  const auto bytes = sign_file(file, key);
  ASSERT_TRUE(bytes) << bytes.error().message();
  const auto opened = open_signed_file(*bytes, "collateral", key.verifier_key());
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->sequence, 7U);
  EXPECT_EQ(opened->created, kNoon);
  EXPECT_EQ(opened->content, file.content);

  EXPECT_FALSE(open_signed_file(*bytes, "references", key.verifier_key()));
  EXPECT_FALSE(open_signed_file(*bytes, "collateral", signer().verifier_key()));
  EXPECT_FALSE(open_signed_file(*bytes + "x", "collateral", key.verifier_key()));
  for (std::size_t i = 0; i < bytes->size(); ++i) {
    std::string altered = *bytes;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(open_signed_file(altered, "collateral", key.verifier_key())) << i;
    EXPECT_FALSE(open_signed_file(bytes->substr(0, i), "collateral", key.verifier_key())) << i;
  }
}

TEST(SignedFile, HasATypeOfPlainLetters) {
  for (const std::string_view type : {"", "A", "a b", "a\nb", "a/b"}) {
    EXPECT_FALSE(sign_file({.type = std::string(type), .content = "x"}, signer())) << type;
  }
}

TEST(SignedFile, IsFreshOrRefused) {
  const SignedFile file{.type = "collateral", .sequence = 7, .created = kNoon, .content = ""};
  const UnixMillis later{kNoon.value + 1000};
  EXPECT_TRUE(check_freshness(file, {}, later));
  EXPECT_TRUE(check_freshness(file, {.max_age_ms = 1000, .last_sequence = 7}, later));
  EXPECT_FALSE(check_freshness(file, {.max_age_ms = 999}, later));
  EXPECT_FALSE(check_freshness(file, {.last_sequence = 8}, later)) << "rolled back";
  EXPECT_FALSE(check_freshness(file, {}, {kNoon.value - 1})) << "of the future";
}

TEST(CollateralBundle, ReadsWhatItWrites) {
  CollateralBundle bundle;
  ASSERT_TRUE(bundle.add({Kind::kTdx, Role::kCollateral, {{"fmspc", "b0c06f000000"}}, to_bytes(as_bytes("{}"))}));
  ASSERT_TRUE(bundle.add({Kind::kSevSnp, Role::kCrl, {}, to_bytes(as_bytes("x"))}));
  const auto read = CollateralBundle::parse(bundle.format());
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->items().size(), 2U);
  EXPECT_EQ(read->items()[0].when, bundle.items()[0].when);
  EXPECT_EQ(read->format(), bundle.format());
}

TEST(CollateralBundle, SuppliesNeitherEvidenceNorTrust) {
  CollateralBundle bundle;
  for (const Role role : {Role::kRoot, Role::kReport, Role::kQuote, Role::kEvidence, Role::kEventLog, Role::kAkCert}) {
    EXPECT_FALSE(bundle.add({Kind::kTdx, role, {}, to_bytes(as_bytes("x"))})) << to_string(role);
  }
  EXPECT_FALSE(CollateralBundle::parse(R"({"items":[{"kind":"tdx","role":"root","when":{},"data":"eA=="}]})"));
}

TEST(CollateralBundle, RefusesOtherForms) {
  for (const std::string_view bad : {"", "[]", "{}", R"({"items":1})", R"({"items":[1]})", R"({"items":[],"more":1})",
                                     R"({"items":[{"kind":"tdx","role":"crl","when":{}}]})",
                                     R"({"items":[{"kind":"t","role":"crl","when":{},"data":"eA=="}]})",
                                     R"({"items":[{"kind":"tdx","role":"c","when":{},"data":"eA=="}]})",
                                     R"({"items":[{"kind":"tdx","role":"crl","when":[],"data":"eA=="}]})",
                                     R"({"items":[{"kind":"tdx","role":"crl","when":{},"data":"e"}]})",
                                     R"({"items":[{"kind":"tdx","role":"crl","when":{},"data":""}]})"}) {
    EXPECT_FALSE(CollateralBundle::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace redoubt::attest
