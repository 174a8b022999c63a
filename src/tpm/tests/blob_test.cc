// What is kept on disk: attestation keys and sealed secrets that are none.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tpm/attestation_key.h"
#include "tpm/sealed_secret.h"

namespace redoubt::tpm {
namespace {

// A seed of the fuzzer, without the byte that says what it is: made by a TPM.
Bytes seed(const std::string& name) {
  std::ifstream in(std::string(REDOUBT_SOURCE_DIR) + "/src/tpm/fuzz/corpus/tpm_blob_fuzz/" + name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_GT(text.size(), 1U) << name;
  return to_bytes(as_bytes(text).subspan(1));
}

template <class T>
void expect_no_other_size(const Bytes& bytes) {
  const auto read = T::decode(bytes);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->encode(), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_FALSE(T::decode(ByteView(bytes).first(size))) << size;
  }
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_EQ(T::decode(longer).error().code(), Errc::kMalformed);
  longer.resize(T::kMaxBytes + 1);
  EXPECT_EQ(T::decode(longer).error().code(), Errc::kTooLarge);
}

TEST(TpmBlobs, AreReadWholeOrNotAtAll) {
  expect_no_other_size<AttestationKey>(seed("attestation-key"));
  expect_no_other_size<SealedSecret>(seed("sealed-secret"));
  EXPECT_FALSE(AttestationKey::decode(seed("sealed-secret")));
  EXPECT_FALSE(SealedSecret::decode(seed("attestation-key")));
}

TEST(TpmBlobs, AKeyThatIsNoAttestationKeyIsRefused) {
  const auto key = AttestationKey::decode(seed("attestation-key"));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->name().size(), 34U);
  EXPECT_EQ(key->public_key().type(), crypto::KeyType::kP256);
  // Attributes, policy, scheme, curve, point: whatever differs, it is another key or none.
  for (std::size_t at = 0; at < key->public_area.size(); ++at) {
    AttestationKey other = *key;
    other.public_area[at] ^= std::byte{0x02};
    EXPECT_FALSE(AttestationKey::decode(other.encode())) << at;
  }
}

TEST(TpmBlobs, ASealedSecretNamesItsApproverAndPurpose) {
  const auto sealed = SealedSecret::decode(seed("sealed-secret"));
  ASSERT_TRUE(sealed);
  SealedSecret other = *sealed;
  other.approver[20] ^= std::byte{1};
  EXPECT_FALSE(SealedSecret::decode(other.encode()));
  other = *sealed;
  other.policy_ref.push_back(std::byte{0});
  EXPECT_FALSE(SealedSecret::decode(other.encode()));
  other = *sealed;
  other.policy_ref.assign(33, std::byte{0});
  EXPECT_FALSE(SealedSecret::decode(other.encode()));
  // With USERWITHAUTH, an empty authorisation would open it past the policy.
  other = *sealed;
  other.public_area[7] ^= std::byte{0x40};
  EXPECT_FALSE(SealedSecret::decode(other.encode()));
}

}  // namespace
}  // namespace redoubt::tpm
