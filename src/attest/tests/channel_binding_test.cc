// What evidence is over, batches, and leases: every way in which they could speak for another channel.
#include "attest/channel_binding.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>

#include "attest/binding_batch.h"
#include "attest/lease.h"
#include "crypto/digest.h"
#include "encoding/base64.h"

namespace redoubt::attest {
namespace {

template <std::size_t N>
std::array<std::byte, N> filled(int value) {
  std::array<std::byte, N> out;
  out.fill(static_cast<std::byte>(value));
  return out;
}

Channel channel_of(Sender sender = Sender::kServer) {
  return {.exporter = filled<32>(1), .sender = sender, .leaf = filled<32>(2), .nonce = filled<32>(3)};
}

TEST(ChannelBinding, IsTheDigestOfItsFieldsBehindTheirLengths) {
  // Written out by hand, and the digest of another implementation over the same bytes.
  std::string fields("\0\0\0\x1bredoubt attested channel v1", 31);
  fields += std::string("\0\0\0\x20", 4) + std::string(32, '\1');
  fields += std::string("\0\0\0\x06server", 10);
  fields += std::string("\0\0\0\x20", 4) + std::string(32, '\2');
  fields += std::string("\0\0\0\x20", 4) + std::string(32, '\3');
  fields += std::string(8, '\0');
  const auto expected = crypto::digest(crypto::HashAlgorithm::kSha512, as_bytes(fields));
  const ReportData binding = channel_binding(channel_of(), {});
  EXPECT_TRUE(std::ranges::equal(binding, expected.view()));
  EXPECT_EQ(encoding::hex(binding),
            "ffe7d2ca90205526ff507ab5496f0dd3da4da8aa7b39c66a9f4e96e518aaffb6"
            "658f9da8904c406c26348ffc452bb36394acf5ba1a37037898df8db0ed580939");
}

TEST(ChannelBinding, DiffersWithEveryField) {
  std::set<ReportData> seen{channel_binding(channel_of(), {})};
  const auto is_new = [&](const Channel& channel, const Vouched& vouched) {
    return seen.insert(channel_binding(channel, vouched)).second;
  };
  Channel channel = channel_of();
  channel.exporter[31] ^= std::byte{1};
  EXPECT_TRUE(is_new(channel, {}));
  EXPECT_TRUE(is_new(channel_of(Sender::kClient), {}));
  channel = channel_of();
  channel.leaf[0] ^= std::byte{1};
  EXPECT_TRUE(is_new(channel, {}));
  channel = channel_of();
  channel.nonce[0] ^= std::byte{1};
  EXPECT_TRUE(is_new(channel, {}));
  EXPECT_TRUE(is_new(channel_of(), {.lease_key = filled<32>(4)}));
  EXPECT_TRUE(is_new(channel_of(), {.bundle = filled<32>(4)})) << "the same bytes in another field";
  EXPECT_TRUE(is_new(channel_of(), {.lease_key = filled<32>(4), .bundle = filled<32>(4)}));
}

std::vector<ReportData> random_bindings(std::mt19937& random, std::size_t count) {
  std::vector<ReportData> out(count);
  for (ReportData& each : out) {
    for (std::byte& byte : each) byte = static_cast<std::byte>(random());
  }
  return out;
}

TEST(BindingBatch, GivesEachItsPlaceAtEverySize) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (std::size_t size = 1; size <= BindingBatch::kMax; size += size < 40 ? 1 : 11) {
    const auto bindings = random_bindings(random, size);
    const auto batch = BindingBatch::make(bindings);
    ASSERT_TRUE(batch) << batch.error().message();
    for (std::size_t i = 0; i < size; ++i) {
      const auto quoted = quoted_for(bindings[i], batch->place(i));
      ASSERT_TRUE(quoted) << size << " " << i << ": " << quoted.error().message();
      ASSERT_EQ(*quoted, batch->quoted());
      ASSERT_LE(batch->place(i).path.size(), 7U);
    }
  }
}

TEST(BindingBatch, IsQuotedAsAnotherImplementationSays) {
  const std::vector<ReportData> bindings{filled<64>(1), filled<64>(2), filled<64>(3)};
  // By a few lines of Python over hashlib.
  EXPECT_EQ(encoding::hex(BindingBatch::make(bindings)->quoted()),
            "7975251d1ab5a2591fd88fc7b70eda367f5b89acfa4f326d61e499ad83baf531"
            "9e82eddc743f2e6c724195f64e56f0bddca3f45a94f951e32c3844af0b7fcc8f");
}

TEST(BindingBatch, HasBounds) {
  EXPECT_EQ(BindingBatch::make({}).error().code(), Errc::kInvalidArgument);
  const std::vector<ReportData> many(BindingBatch::kMax + 1);
  EXPECT_EQ(BindingBatch::make(many).error().code(), Errc::kTooLarge);
  EXPECT_TRUE(BindingBatch::make(std::span(many).first(BindingBatch::kMax)));
}

TEST(BindingBatch, HoldsForNothingElse) {
  std::mt19937 random(7);
  const auto bindings = random_bindings(random, 5);
  const auto batch = BindingBatch::make(bindings);
  const BatchPlace good = batch->place(2);
  const auto holds = [&](const ReportData& binding, const BatchPlace& place) {
    const auto quoted = quoted_for(binding, place);
    return quoted && *quoted == batch->quoted();
  };
  ASSERT_TRUE(holds(bindings[2], good));
  EXPECT_FALSE(holds(bindings[1], good)) << "another's path";
  EXPECT_FALSE(holds(random_bindings(random, 1)[0], good)) << "who is not in the batch";
  const std::vector<std::pair<const char*, std::function<void(BatchPlace&)>>> changes{
      {"index", [](auto& place) { place.index.value = 3; }},
      {"index outside", [](auto& place) { place.index.value = 5; }},
      {"size", [](auto& place) { place.size.value = 6; }},
      {"size of a larger tree", [](auto& place) { place.size.value = std::uint64_t{1} << 40; }},
      {"no size", [](auto& place) { place.size.value = 0; }},
      {"root", [](auto& place) { place.root[0] ^= std::byte{1}; }},
      {"path", [](auto& place) { place.path[1][0] ^= std::byte{1}; }},
      {"short path", [](auto& place) { place.path.pop_back(); }},
      {"long path", [](auto& place) { place.path.emplace_back(); }},
  };
  for (const auto& [name, change] : changes) {
    BatchPlace place = good;
    change(place);
    EXPECT_FALSE(holds(bindings[2], place)) << name;
  }
}

TEST(BindingBatch, TakesNoPairOfHashesForABinding) {
  std::mt19937 random(8);
  const auto bindings = random_bindings(random, 4);
  const auto batch = BindingBatch::make(bindings);
  // The two hashes below the root, as one binding of 64 bytes in a tree of one: its leaf's hash has another prefix.
  const BatchPlace left = batch->place(0);
  const BatchPlace right = batch->place(3);
  ReportData forged;
  std::ranges::copy(right.path[1], forged.begin());
  std::ranges::copy(left.path[1], forged.begin() + 32);
  EXPECT_EQ(tlog::node_hash(right.path[1], left.path[1]), left.root);
  EXPECT_FALSE(quoted_for(forged, {.index = {0}, .size = {1}, .root = left.root, .path = {}}));
}

class LeaseTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kMinute = 60'000;

  LeaseTest() {
    channel_.exporter = filled<32>(9);  // a new connection
    channel_.nonce = filled<32>(8);
  }
  LeaseProof prove() const { return prove_by(key_, lease_.evidence); }
  LeaseProof prove_by(const LeaseKey& key, const crypto::Sha256Digest& evidence) const {
    return *key.prove(channel_, asker_.public_key(), evidence, bundle_, expires_);
  }
  // Empty when it holds.
  std::string check(const LeaseProof& proof) const {
    const auto checked = check_lease(lease_, *asker_.share(lease_.key), proof, channel_, terms_);
    if (!checked) {
      EXPECT_EQ(checked.error().code(), Errc::kVerifyFailed);
    }
    return checked ? "" : checked.error().message();
  }

  LeaseKey key_ = LeaseKey::generate();
  AskerKey asker_ = AskerKey::generate();
  crypto::Sha256Digest bundle_ = filled<32>(6);
  UnixMillis now_{1'750'000'000'000};
  UnixMillis expires_{now_.value + 5 * kMinute};
  Lease lease_{.key = key_.public_key(),
               .sender = Sender::kServer,
               .leaf = filled<32>(2),
               .evidence = filled<32>(5),
               .bundle = bundle_,
               .verified_at = now_,
               .valid_until = UnixMillis{now_.value + 60 * kMinute}};
  Channel channel_ = channel_of();
  LeaseTerms terms_{.max_age_ms = 10 * kMinute, .bundle = bundle_, .at = now_};
};

TEST_F(LeaseTest, HoldsOnAnotherConnectionOfTheSameProgram) {
  EXPECT_EQ(check(prove()), "");
  terms_.at.value += 5 * kMinute;
  EXPECT_EQ(check(prove()), "") << "to the last millisecond";
}

TEST_F(LeaseTest, IsProvenAsByAnotherImplementation) {
  // By Python's package cryptography, with a lease key of bytes 07h and an asker's of bytes 08h.
  const LeaseKey key(*crypto::X25519PrivateKey::from_bytes(filled<32>(7)));
  const AskerKey asker(*crypto::X25519PrivateKey::from_bytes(filled<32>(8)));
  lease_.key = key.public_key();
  channel_ = channel_of();
  const auto read = [](std::string_view text) {
    crypto::Sha256Digest out;
    std::ranges::copy(*encoding::hex_decode(text), out.begin());
    return out;
  };
  const auto shared = crypto::Secret::copy_of(read("b4e9bca5b8d805869391d7b254bb4579efbc8237648e3c1fe355fd02f1e6197e"));
  const LeaseProof proof{.evidence = lease_.evidence,
                         .bundle = bundle_,
                         .expires = UnixMillis{1'750'000'060'000},
                         .mac = read("ff0e6019e16b6c453a3b202053e162ac5c813c52aacc26f8cdc15bcc1b420850")};
  EXPECT_TRUE(check_lease(lease_, shared, proof, channel_, terms_));
  const auto ours = key.prove(channel_, asker.public_key(), lease_.evidence, bundle_, proof.expires);
  ASSERT_TRUE(ours);
  EXPECT_EQ(ours->mac, proof.mac);
  const auto theirs = asker.share(lease_.key);
  ASSERT_TRUE(theirs);
  EXPECT_TRUE(crypto::equal_constant_time(theirs->reveal(), shared.reveal()));
}

TEST_F(LeaseTest, IsRefusedWhenItIsStale) {
  terms_.at.value += 5 * kMinute + 1;
  EXPECT_NE(check(prove()), "") << "past the program's term";
  expires_.value += 600 * kMinute;
  EXPECT_EQ(check(prove()), "");
  terms_.at.value = now_.value + 10 * kMinute + 1;
  EXPECT_NE(check(prove()), "") << "past the relying party's, whatever the program says";
  terms_.max_age_ms = 600 * kMinute;
  EXPECT_EQ(check(prove()), "");
  terms_.at.value = now_.value + 60 * kMinute + 1;
  EXPECT_NE(check(prove()), "") << "past what is possible at all";
  terms_.at.value = now_.value + 20 * kMinute;
  lease_.valid_until = UnixMillis{now_.value + 20 * kMinute - 1};
  EXPECT_NE(check(prove()), "") << "the evidence's certificates are over";
  terms_.at.value = now_.value - 1;
  EXPECT_NE(check(prove()), "") << "the clock went back";
}

TEST_F(LeaseTest, IsRefusedForAnotherEndKeyEvidenceOrBundle) {
  channel_.sender = Sender::kClient;
  EXPECT_NE(check(prove()), "");
  channel_.sender = Sender::kServer;
  channel_.leaf = filled<32>(7);
  EXPECT_NE(check(prove()), "") << "another TLS key";
  channel_.leaf = lease_.leaf;
  EXPECT_NE(check(prove_by(key_, filled<32>(1))), "");
  EXPECT_NE(check(prove_by(LeaseKey::generate(), lease_.evidence)), "") << "another program";
  bundle_ = filled<32>(7);
  EXPECT_NE(check(prove()), "") << "the program has another bundle";
  bundle_ = lease_.bundle;
  terms_.bundle = filled<32>(7);
  EXPECT_NE(check(prove()), "") << "the relying party asks for a newer one";
}

TEST_F(LeaseTest, IsOfNoUseOnAnotherConnectionOrForAnotherQuestion) {
  const LeaseProof proof = prove();
  channel_.exporter = filled<32>(10);
  EXPECT_NE(check(proof), "") << "relayed";
  channel_.exporter = filled<32>(9);
  channel_.nonce = filled<32>(10);
  EXPECT_NE(check(proof), "") << "replayed";
}

TEST_F(LeaseTest, IsRefusedAfterAnyChangeOfTheProof) {
  const LeaseProof good = prove();
  LeaseProof proof = good;
  proof.expires.value += 1;
  EXPECT_NE(check(proof), "");
  for (std::size_t i = 0; i < proof.mac.size(); ++i) {
    proof = good;
    proof.mac[i] ^= std::byte{1};
    EXPECT_NE(check(proof), "") << i;
  }
  lease_.evidence = filled<32>(12);
  proof = good;
  proof.evidence = lease_.evidence;
  EXPECT_NE(check(proof), "") << "a proof of another verification";
}

TEST_F(LeaseTest, IsOfNoUseToAnotherAsker) {
  const LeaseProof proof = prove();
  asker_ = AskerKey::generate();
  EXPECT_NE(check(proof), "");
}

TEST_F(LeaseTest, IsProvenAlikeToWhoeverAskedBeforeAndWhoWasForgotten) {
  LeaseProver prover(key_);
  std::vector<AskerKey> askers;
  for (std::size_t i = 0; i < LeaseProver::kAskersMax + 3; ++i) askers.push_back(AskerKey::generate());
  for (int round = 0; round < 3; ++round) {
    channel_.nonce = filled<32>(round);
    for (const AskerKey& asker : askers) {
      const auto proof = prover.prove(channel_, asker.public_key(), lease_.evidence, bundle_, expires_);
      ASSERT_TRUE(proof);
      EXPECT_EQ(proof->mac, key_.prove(channel_, asker.public_key(), lease_.evidence, bundle_, expires_)->mac);
    }
  }
  EXPECT_FALSE(prover.prove(channel_, {}, lease_.evidence, bundle_, expires_));
}

// A pair's secret is of the two in their parts: who asks cannot pass off what it was answered as its own proof.
TEST_F(LeaseTest, IsOfNoUseTheOtherWayRound) {
  const LeaseKey other = LeaseKey::generate();
  const LeaseProof forth = *key_.prove(channel_, other.public_key(), lease_.evidence, bundle_, expires_);
  const LeaseProof back = *other.prove(channel_, key_.public_key(), lease_.evidence, bundle_, expires_);
  EXPECT_NE(forth.mac, back.mac);
}

TEST_F(LeaseTest, RefusesKeysThatAgreeWithNone) {
  for (const int lowest : {0, 1}) {  // of order 4 and 1 (RFC 7748 §6.1)
    crypto::X25519PublicKey point{};
    point[0] = static_cast<std::byte>(lowest);
    EXPECT_EQ(key_.prove(channel_, point, lease_.evidence, bundle_, expires_).error().code(), Errc::kVerifyFailed);
    EXPECT_EQ(asker_.share(point).error().code(), Errc::kVerifyFailed);
  }
}

}  // namespace
}  // namespace redoubt::attest
