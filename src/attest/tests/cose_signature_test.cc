#include "attest/cose_signature.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "attest/tests/support/ecdsa_raw.h"
#include "crypto/tests/support/test_authority.h"
#include "encoding/base64.h"
#include "encoding/cbor_writer.h"

namespace redoubt::attest {
namespace {

using encoding::CoseSign1;
namespace cose = encoding::cose;

constexpr std::initializer_list<std::int64_t> kAll{cose::kEs256,   cose::kEs384, cose::kEs512, cose::kEdDsa,
                                                   cose::kEd25519, cose::kPs256, cose::kPs384, cose::kPs512};

std::string header_of(std::int64_t algorithm) {
  Bytes out;
  {
    encoding::CborWriter cbor(out);
    cbor.begin_map();
    cbor.integer(cose::kAlgorithm);
    cbor.integer(algorithm);
    cbor.end_map();
  }
  return std::string(as_chars(out));
}

TEST(CoseSignature, HoldsAsTheExamplesOfRfc9052AndTheWorkingGroupSay) {
  std::ifstream in(std::string(REDOUBT_SOURCE_DIR) + "/src/encoding/testdata/cose_sign1.txt");
  ASSERT_TRUE(in.is_open());
  std::map<std::string, std::string> fields;
  int held = 0;
  int failed = 0;
  const auto check = [&] {
    if (fields.empty()) return;
    SCOPED_TRACE(fields["name"]);
    const Bytes bytes = *encoding::hex_decode(fields["message"]);
    const auto message = CoseSign1::read(bytes);
    if (fields["expect"] == "refused") {
      EXPECT_FALSE(message.has_value());
      return;
    }
    ASSERT_TRUE(message.has_value());
    const std::string curve = fields["curve"];
    const auto key =
        crypto::PublicKey::from_point(curve == "P-256"   ? crypto::KeyType::kP256
                                      : curve == "P-384" ? crypto::KeyType::kP384
                                                         : crypto::KeyType::kP521,
                                      *encoding::hex_decode(fields["x"]), *encoding::hex_decode(fields["y"]));
    ASSERT_TRUE(key.has_value());
    const Bytes external = *encoding::hex_decode(fields["external"]);
    const bool holds = verify_cose_sign1(*message, *key, external, *message->payload(), kAll).has_value();
    EXPECT_EQ(holds, fields["expect"] == "holds");
    ++(holds ? held : failed);
  };
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    if (line.empty()) {
      check();
      fields.clear();
      continue;
    }
    const auto equals = line.find(" =");
    fields[line.substr(0, equals)] = line.size() > equals + 3 ? line.substr(equals + 3) : "";
  }
  check();
  EXPECT_EQ(held, 5);
  EXPECT_EQ(failed, 4);
}

struct SignedBy {
  crypto::KeyType key;
  crypto::HashAlgorithm hash;
  std::int64_t algorithm;
  std::size_t coordinate;
};

TEST(CoseSignature, HoldsForEveryAlgorithmWithTheKeyThatBelongsToIt) {
  using crypto::HashAlgorithm;
  using crypto::KeyType;
  const SignedBy cases[] = {{KeyType::kP256, HashAlgorithm::kSha256, cose::kEs256, 32},
                            {KeyType::kP384, HashAlgorithm::kSha384, cose::kEs384, 48},
                            {KeyType::kP521, HashAlgorithm::kSha512, cose::kEs512, 66},
                            {KeyType::kEd25519, HashAlgorithm::kSha512, cose::kEdDsa, 0},
                            {KeyType::kEd25519, HashAlgorithm::kSha512, cose::kEd25519, 0},
                            {KeyType::kRsa, HashAlgorithm::kSha256, cose::kPs256, 0},
                            {KeyType::kRsa, HashAlgorithm::kSha384, cose::kPs384, 0},
                            {KeyType::kRsa, HashAlgorithm::kSha512, cose::kPs512, 0}};
  const Bytes payload = to_bytes(as_bytes("content"));
  std::map<KeyType, crypto::TestAuthority> signers;
  for (const SignedBy& each : cases) signers.try_emplace(each.key, "Signer", crypto::TestTerms{.key = each.key});
  for (const SignedBy& each : cases) {
    SCOPED_TRACE(cose::algorithm_name(each.algorithm));
    const crypto::TestAuthority& signer = signers.at(each.key);
    const std::string header = header_of(each.algorithm);
    const Bytes over = cose::sign1_to_be_signed(as_bytes(header), {}, payload);
    Bytes signature = each.key == KeyType::kRsa ? signer.sign_pss(each.hash, over) : signer.sign(each.hash, over);
    if (each.coordinate != 0) signature = ecdsa_raw(signature, each.coordinate);
    const Bytes empty_map{std::byte{0xa0}};
    const Bytes bytes = encoding::write_cose_sign1(as_bytes(header), empty_map, payload, signature);
    const auto message = CoseSign1::read(bytes);
    ASSERT_TRUE(message.has_value());
    const crypto::PublicKey key = signer.public_key();
    EXPECT_TRUE(verify_cose_sign1(*message, key, {}, payload, {each.algorithm}));
    EXPECT_EQ(verify_cose_sign1(*message, key, {}, payload, {cose::kEs256 - 1000}).error().code(), Errc::kUnsupported);
    EXPECT_EQ(verify_cose_sign1(*message, key, as_bytes("x"), payload, kAll).error().code(), Errc::kVerifyFailed);
    for (const auto& [type, other] : signers) {
      if (type == each.key) continue;
      EXPECT_EQ(verify_cose_sign1(*message, other.public_key(), {}, payload, kAll).error().code(), Errc::kVerifyFailed);
    }
  }
  // The right kind of key, of somebody else.
  const crypto::TestAuthority other("Other", {.key = KeyType::kP256});
  const Bytes over = cose::sign1_to_be_signed(as_bytes(header_of(cose::kEs256)), {}, payload);
  const Bytes bytes = encoding::write_cose_sign1(as_bytes(header_of(cose::kEs256)), Bytes{std::byte{0xa0}}, payload,
                                                 ecdsa_raw(other.sign(HashAlgorithm::kSha256, over), 32));
  const auto message = CoseSign1::read(bytes);
  EXPECT_TRUE(verify_cose_sign1(*message, other.public_key(), {}, payload, kAll));
  EXPECT_FALSE(verify_cose_sign1(*message, signers.at(KeyType::kP256).public_key(), {}, payload, kAll));
}

TEST(CoseSignature, RefusesWeakAlgorithmsByName) {
  const crypto::TestAuthority signer("Signer");
  for (const auto& [algorithm, name] : {std::pair{-65535, "RS1"}, {-257, "RS256"}, {-47, "ES256K"}, {5, "5"}}) {
    const std::string header = header_of(algorithm);
    const Bytes empty_map{std::byte{0xa0}};
    const Bytes bytes = encoding::write_cose_sign1(as_bytes(header), empty_map, ByteView(), Bytes(256));
    const auto message = CoseSign1::read(bytes);
    const auto verified = verify_cose_sign1(*message, signer.public_key(), {}, {}, {algorithm});
    EXPECT_EQ(verified.error().message(), "the algorithm " + std::string(name) + " is not accepted here");
  }
}

}  // namespace
}  // namespace redoubt::attest
