#include "attest/corim.h"

#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "encoding/cbor_writer.h"
#include "encoding/cose.h"

namespace redoubt::attest {
namespace {

const UnixMillis kNoon = *parse_timestamp("2026-01-31T12:00:00Z");

std::string digits(std::size_t bytes, char digit) {
  return std::string(2 * bytes, digit);
}

struct Signer {
  crypto::Ed25519PrivateKey key = crypto::Ed25519PrivateKey::generate();
  crypto::PublicKey public_key() const { return *crypto::PublicKey::from_ed25519(key.public_key()); }
};

Corim sample() {
  Corim out{.id = "example.org/references/7", .signer = "Example", .not_before = {}, .not_after = {}, .references = {}};
  EXPECT_TRUE(out.references.add({"image 12",
                                  Kind::kSevSnp,
                                  {{"measurement", digits(48, 'a')},
                                   {"vmpl", std::uint64_t{0}},
                                   {"debug", false},
                                   {"host_data", digits(32, 'b')},
                                   {"product", "Milan"}}}));
  EXPECT_TRUE(out.references.add(
      {"guest 3", Kind::kTdx, {{"mrtd", digits(48, 'c')}, {"rtmrs", ClaimList{digits(48, '1'), digits(48, '2')}}}}));
  EXPECT_TRUE(out.references.add(
      {"boot",
       Kind::kTpm,
       {{"bank", "sha256"}, {"pcrs", ClaimObject{{"0", digits(32, '3')}, {"14", digits(32, '4')}}}}}));
  EXPECT_TRUE(out.references.add({"redoubt 1.0", std::nullopt, {{"build", digits(32, 'd')}}}));
  return out;
}

TEST(Corim, ReadsWhatItWrites) {
  const Signer signer;
  Corim corim = sample();
  corim.not_before = kNoon;
  corim.not_after = UnixMillis{kNoon.value + 1000};
  const auto bytes = write_corim(corim, signer.key);
  ASSERT_TRUE(bytes) << bytes.error().message();
  EXPECT_TRUE(looks_like_corim(*bytes));
  const auto read = read_corim(*bytes, signer.public_key(), kNoon);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->id, corim.id);
  EXPECT_EQ(read->signer, "Example");
  EXPECT_EQ(read->not_after, corim.not_after);
  EXPECT_EQ(read->references.all(), corim.references.all());
  EXPECT_FALSE(read_corim(*bytes, signer.public_key(), {kNoon.value - 1}));
  EXPECT_FALSE(read_corim(*bytes, signer.public_key(), {kNoon.value + 1001}));
}

TEST(Corim, RefusesEveryChange) {
  const Signer signer;
  const Bytes bytes = *write_corim(sample(), signer.key);
  EXPECT_FALSE(read_corim(bytes, Signer().public_key(), kNoon));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes altered = bytes;
    altered[i] ^= std::byte{1};
    EXPECT_FALSE(read_corim(altered, signer.public_key(), kNoon)) << i;
    EXPECT_FALSE(read_corim(ByteView(bytes).first(i), signer.public_key(), kNoon)) << i;
  }
}

TEST(Corim, WritesNoClaimThatItHasNoFormFor) {
  const Signer signer;
  for (const auto& [name, claim] : ClaimObject{{"smt", true},
                                               {"list", ClaimList{"aa"}},
                                               {"rtmrs", ClaimList{}},
                                               {"rtmrs", ClaimObject{{"0", digits(48, '1')}}},
                                               {"pcrs", ClaimObject{{"00", digits(32, '1')}}},
                                               {"pcrs", ClaimObject{{"0", "short"}}},
                                               {"pcrs", ClaimObject{{"0", digits(20, '1')}}},
                                               {"pcrs", ClaimObject{}}}) {
    Corim corim{.id = "x", .signer = "y", .not_before = {}, .not_after = {}, .references = {}};
    ASSERT_TRUE(corim.references.add({"r", Kind::kTpm, {{"text", "t"}, {name, claim}}}));
    const auto bytes = write_corim(corim, signer.key);
    ASSERT_FALSE(bytes) << name;
    EXPECT_EQ(bytes.error().code(), Errc::kUnsupported);
  }
}

// A manifest by hand, signed well.
class Manifest {
 public:
  std::uint64_t tag = 501;
  std::uint64_t comid_tag = 506;
  std::string vendor = "Redoubt";
  std::string model = "sev-snp";
  std::string content_type = "application/rim+cbor";
  std::string key = "measurement";
  std::int64_t algorithm = 7;
  std::size_t digest_size = 48;
  std::optional<std::int64_t> more_in_manifest, more_in_comid, more_in_class, more_in_measurement, more_in_value;

  Result<Corim> read() const {
    const Signer signer;
    const Bytes body = manifest();
    const Bytes header = header_of();
    const auto signature = signer.key.sign(encoding::cose::sign1_to_be_signed(header, {}, body));
    return read_corim(encoding::write_cose_sign1(header, Bytes{std::byte{0xa0}}, body, signature), signer.public_key(),
                      kNoon);
  }

 private:
  static void add(encoding::CborWriter& out, const std::optional<std::int64_t>& label) {
    if (!label) return;
    out.integer(*label);
    out.integer(0);
  }
  Bytes header_of() const {
    Bytes meta{std::byte{0xa1}, std::byte{0}, std::byte{0xa1}, std::byte{0}, std::byte{0x61}, std::byte{'n'}};
    Bytes bytes;
    encoding::CborWriter out(bytes);
    out.begin_map();
    out.integer(1), out.integer(-8);
    out.integer(3), out.text(content_type);
    out.integer(8), out.bytes(meta);
    out.end_map();
    return bytes;
  }
  Bytes manifest() const {
    Bytes bytes;
    encoding::CborWriter out(bytes);
    out.tag(tag);
    out.begin_map();
    out.integer(0), out.text("id");
    out.integer(1), out.begin_array(), out.tag(comid_tag), out.bytes(comid()), out.end_array();
    add(out, more_in_manifest);
    out.end_map();
    return bytes;
  }
  Bytes comid() const {
    Bytes bytes;
    encoding::CborWriter out(bytes);
    out.begin_map();
    out.integer(1), out.begin_map(), out.integer(0), out.text("r"), out.end_map();
    out.integer(4), out.begin_map(), out.integer(0), out.begin_array(), out.begin_array();
    out.begin_map(), out.integer(0), out.begin_map();
    out.integer(1), out.text(vendor), out.integer(2), out.text(model);
    add(out, more_in_class);
    out.end_map(), out.end_map();
    out.begin_array(), out.begin_map(), out.integer(0), out.text(key), out.integer(1), out.begin_map();
    out.integer(2), out.begin_array(), out.begin_array(), out.integer(algorithm), out.bytes(Bytes(digest_size));
    out.end_array(), out.end_array();
    add(out, more_in_value);
    out.end_map();
    add(out, more_in_measurement);
    out.end_map(), out.end_array();
    out.end_array(), out.end_array(), out.end_map();
    add(out, more_in_comid);
    out.end_map();
    return bytes;
  }
};

TEST(Corim, ReadsAManifestMadeByHand) {
  const auto read = Manifest().read();
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->references.all().size(), 1U);
  EXPECT_EQ(read->references.all()[0].claims, (ClaimObject{{"measurement", digits(48, '0')}}));
}

TEST(Corim, RefusesWhatItDoesNotKnow) {
  const auto code = [](auto change) {
    Manifest manifest;
    change(manifest);
    const auto read = manifest.read();
    return read ? std::optional<Errc>() : std::optional(read.error().code());
  };
  EXPECT_EQ(code([](Manifest& m) { m.tag = 502; }), Errc::kMalformed);
  EXPECT_EQ(code([](Manifest& m) { m.comid_tag = 505; }), Errc::kUnsupported);
  EXPECT_EQ(code([](Manifest& m) { m.vendor = "Other"; }), Errc::kUnsupported);
  EXPECT_EQ(code([](Manifest& m) { m.model = "sev"; }), Errc::kUnsupported);
  EXPECT_EQ(code([](Manifest& m) { m.content_type = "text/plain"; }), Errc::kMalformed);
  EXPECT_EQ(code([](Manifest& m) { m.key = ""; }), Errc::kUnsupported);
  EXPECT_EQ(code([](Manifest& m) { m.algorithm = 2; }), Errc::kUnsupported);
  EXPECT_EQ(code([](Manifest& m) { m.digest_size = 47; }), Errc::kMalformed);
  EXPECT_EQ(code([](Manifest& m) { m.more_in_manifest = 3; }), Errc::kUnsupported) << "a profile";
  EXPECT_EQ(code([](Manifest& m) { m.more_in_comid = 3; }), Errc::kUnsupported);
  EXPECT_EQ(code([](Manifest& m) { m.more_in_class = 4; }), Errc::kUnsupported) << "an index";
  EXPECT_EQ(code([](Manifest& m) { m.more_in_measurement = 2; }), Errc::kUnsupported) << "authorised by";
  EXPECT_EQ(code([](Manifest& m) { m.more_in_value = 1; }), Errc::kUnsupported) << "a second value";
}

}  // namespace
}  // namespace redoubt::attest
