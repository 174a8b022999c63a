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
  LeaseProof prove() const { return key_.prove(channel_, lease_.evidence, bundle_, expires_); }
  // Empty when it holds.
  std::string check(const LeaseProof& proof) const {
    const auto checked = check_lease(lease_, proof, channel_, terms_);
    if (!checked) {
      EXPECT_EQ(checked.error().code(), Errc::kVerifyFailed);
    }
    return checked ? "" : checked.error().message();
  }

  LeaseKey key_ = LeaseKey::generate();
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

TEST_F(LeaseTest, HoldsBySignaturesOfAnotherImplementation) {
  // By Python's package cryptography, with a key of bytes 07h.
  const auto read = [](std::string_view text, auto& out) {
    std::ranges::copy(*encoding::hex_decode(text), out.begin());
  };
  read("ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c", lease_.key);
  channel_ = channel_of();
  LeaseProof proof{
      .evidence = lease_.evidence, .bundle = bundle_, .expires = UnixMillis{1'750'000'060'000}, .signature = {}};
  read(
      "9faf5722c83caf3713065267dba79fee21fb733841246c3ad1820a33f1f41bd3"
      "b6906fd370b41b120a357396b5347441650215f54591c40a0d948acd6032920e",
      proof.signature);
  EXPECT_EQ(check(proof), "");
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
  EXPECT_NE(check(key_.prove(channel_, filled<32>(1), bundle_, expires_)), "");
  EXPECT_NE(check(LeaseKey::generate().prove(channel_, lease_.evidence, bundle_, expires_)), "") << "another program";
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
  for (std::size_t i = 0; i < proof.signature.size(); ++i) {
    proof = good;
    proof.signature[i] ^= std::byte{1};
    EXPECT_NE(check(proof), "") << i;
  }
  lease_.evidence = filled<32>(12);
  proof = good;
  proof.evidence = lease_.evidence;
  EXPECT_NE(check(proof), "") << "a proof of another verification";
}

}  // namespace
}  // namespace redoubt::attest
