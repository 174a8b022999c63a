#include "tlog/cose_receipt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <random>

#include "encoding/base64.h"
#include "encoding/cbor_reader.h"
#include "encoding/cbor_writer.h"
#include "encoding/cose.h"
#include "tlog/proof.h"
#include "tlog/tests/memory_log.h"

namespace redoubt::tlog {
namespace {

using encoding::CborWriter;
namespace cose = encoding::cose;

constexpr std::uint64_t kEntries = 11;

class CoseReceiptTest : public ::testing::Test {
 protected:
  CoseReceiptTest() {
    for (std::uint64_t i = 0; i < kEntries; ++i) log_.append("entry " + std::to_string(i));
    log_.publish(signer_);
  }

  static crypto::Ed25519PrivateKey key() { return *crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{7})); }
  static Hash leaf_of(std::uint64_t index) { return test::leaf("entry " + std::to_string(index)); }
  Hash root() { return *tree_root(log_, log_.size()); }
  std::string proof_file(std::uint64_t index, std::string_view more_lines) {
    const std::string note = std::string(as_chars(log_.files.at("checkpoint"))) + std::string(more_lines);
    return *format_proof_file({std::nullopt, {index}, *inclusion_proof(log_, {index}, log_.size()), note});
  }
  std::string line() { return cose_root_line(signer_, root()); }
  Bytes receipt(std::uint64_t index) { return *make_cose_receipt(proof_file(index, line()), signer_.verifier_key()); }
  Result<CoseReceipt> verify(ByteView receipt, std::uint64_t index) {
    return verify_cose_receipt(receipt, leaf_of(index), {&signer_.verifier_key(), 1});
  }

  // A receipt of another maker, for entry 4: parts as they are given.
  struct Parts {
    std::function<void(CborWriter&)> header = [](CborWriter& cbor) {
      cbor.integer(1), cbor.integer(cose::kEdDsa);
      cbor.integer(395), cbor.integer(1);
    };
    std::function<void(CborWriter&, ByteView)> proofs = [](CborWriter& cbor, ByteView inclusion) {
      cbor.integer(-1);
      cbor.begin_array(), cbor.bytes(inclusion), cbor.end_array();
    };
    std::optional<Hash> payload;
  };
  Bytes foreign(const Parts& parts) {
    Bytes header;
    {
      CborWriter cbor(header);
      cbor.begin_map();
      parts.header(cbor);
      cbor.end_map();
    }
    Bytes inclusion;
    {
      CborWriter cbor(inclusion);
      cbor.begin_array();
      cbor.unsigned_integer(kEntries);
      cbor.unsigned_integer(4);
      cbor.begin_array();
      const auto path = *inclusion_proof(log_, {4}, log_.size());
      for (const Hash& hash : path) cbor.bytes(hash);
      cbor.end_array();
      cbor.end_array();
    }
    Bytes other;
    {
      CborWriter cbor(other);
      cbor.begin_map();
      cbor.integer(396);
      cbor.begin_map();
      parts.proofs(cbor, inclusion);
      cbor.end_map();
      cbor.end_map();
    }
    const Hash root_hash = root();
    const auto signature = key().sign(cose::sign1_to_be_signed(header, {}, root_hash));
    std::optional<ByteView> payload;
    if (parts.payload) payload = *parts.payload;
    return encoding::write_cose_sign1(header, other, payload, signature);
  }

  NoteSigner signer_ = test::make_signer("example.com/log", 7);
  test::MemoryLog log_;
};

TEST_F(CoseReceiptTest, ProvesEveryEntryToWhoeverHasTheKey) {
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    const auto verified = verify(receipt(i), i);
    ASSERT_TRUE(verified.has_value()) << verified.error().message();
    EXPECT_EQ(verified->origin, "example.com/log");
    EXPECT_EQ(verified->size, log_.size());
    EXPECT_EQ(verified->index, LeafIndex{i});
    EXPECT_EQ(verified->root, root());
    EXPECT_FALSE(verify(receipt(i), (i + 1) % kEntries)) << "another entry";
  }
}

TEST_F(CoseReceiptTest, HasTheFormOfTheStandard) {
  const Bytes bytes = receipt(4);
  const auto document = encoding::CborDocument::read(bytes, encoding::CborForm::kDeterministic);
  ASSERT_TRUE(document.has_value());
  const encoding::CborArray parts = document->root().tagged(18).array();
  ASSERT_EQ(parts.size(), 4U);
  const auto header = encoding::CborDocument::read(*parts.at(0).bytes(), encoding::CborForm::kDeterministic);
  EXPECT_EQ(header->root().map().find(1).integer(), -8);
  EXPECT_EQ(header->root().map().find(395).integer(), 1);
  EXPECT_EQ(header->root().map().find(15).map().find(1).text(), "example.com/log");
  EXPECT_TRUE(parts.at(2).is_null());
  const auto inclusions = parts.at(1).map().find(396).map().find(-1).array();
  ASSERT_EQ(inclusions.size(), 1U);
  const auto inclusion = encoding::CborDocument::read(*inclusions.at(0).bytes(), encoding::CborForm::kDeterministic);
  EXPECT_EQ(inclusion->root().array().at(0).unsigned_integer(), kEntries);
  EXPECT_EQ(inclusion->root().array().at(1).unsigned_integer(), 4U);
  EXPECT_EQ(inclusion->root().array().at(2).array().size(), 4U);
}

TEST_F(CoseReceiptTest, IsByteForByteWhatAnotherImplementationMakes) {
  // Of the same entries and key, by Python's hashlib, the package `cryptography` and an encoder of twenty lines.
  constexpr std::string_view kReceipt =
      "d2845820a401270444702f3c700fa1016f6578616d706c652e636f6d2f6c6f6719018b01a119018ca12081588c830b048458"
      "209ff537b618a257ef82908c45915acbaeb6d9dea035d6d93964fc88c19e98c8b35820ff0e32c20ff65b97ac10b3b2677b87"
      "2aa3d5a0287d9457acba47e57cf4a4a73f58209799f307517ef517c2205df9b67762bf34756b20099fb7dfcce76bcebd273b"
      "2e58201a0ecfdf8af7a1e2b7b03eaedf4bbaf5a41eb727061175e3462042be9b8fe300f65840fb1fcdead35fb4163ba6aaaa"
      "566f8499a2e54fc7f521b8aed4c96a3ed173a0bdec73b045cb99283c4414e78da18ee318c9557b70502a6aae9aab929d5bc9"
      "dd0e";
  EXPECT_EQ(encoding::hex(receipt(4)), kReceipt);
}

TEST_F(CoseReceiptTest, OfALogWithOneEntryHasAnEmptyPath) {
  log_ = test::MemoryLog();
  log_.append("entry 0");
  log_.publish(signer_);
  EXPECT_TRUE(verify(receipt(0), 0));
  EXPECT_FALSE(verify(receipt(0), 1));
}

TEST_F(CoseReceiptTest, TheLineInACheckpointHindersNobody) {
  const std::string text = proof_file(4, line());
  EXPECT_TRUE(verify_proof_file(text, leaf_of(4), {&signer_.verifier_key(), 1}));
}

TEST_F(CoseReceiptTest, IsNotMadeWithoutALineThatHolds) {
  const VerifierKey& log_key = signer_.verifier_key();
  EXPECT_EQ(make_cose_receipt(proof_file(4, ""), log_key).error().code(), Errc::kNotFound);
  const std::string other_root = cose_root_line(signer_, test::leaf("x"));
  EXPECT_EQ(make_cose_receipt(proof_file(4, other_root), log_key).error().code(), Errc::kVerifyFailed);
  // A signature of the note does not pass for one of the root, nor the other way round.
  const auto note = parse_note(std::string(as_chars(log_.files.at("checkpoint"))));
  const auto own = parse_note(std::string(as_chars(log_.files.at("checkpoint"))) + line());
  NoteSignature swapped = own->signatures.at(1);
  swapped.signature = note->signatures.at(0).signature;
  EXPECT_EQ(make_cose_receipt(proof_file(4, format_signature_line(swapped)), log_key).error().code(),
            Errc::kVerifyFailed);
  EXPECT_EQ(log_key.verify(note->text, own->signatures.at(1).signature), Verdict::kDoesNotHold);
  const NoteSigner stranger = test::make_signer("example.com/log", 8);
  EXPECT_FALSE(make_cose_receipt(proof_file(4, line()), stranger.verifier_key()));
}

TEST_F(CoseReceiptTest, IsRefusedUnderAnotherKeyOrName) {
  const Bytes bytes = receipt(4);
  const NoteSigner stranger = test::make_signer("example.com/log", 8);
  EXPECT_EQ(verify_cose_receipt(bytes, leaf_of(4), {&stranger.verifier_key(), 1}).error().code(), Errc::kVerifyFailed);
  const NoteSigner renamed = test::make_signer("example.com/other", 7);
  EXPECT_EQ(verify_cose_receipt(bytes, leaf_of(4), {&renamed.verifier_key(), 1}).error().code(), Errc::kVerifyFailed);
  EXPECT_EQ(verify_cose_receipt(bytes, leaf_of(4), {}).error().code(), Errc::kVerifyFailed);
}

TEST_F(CoseReceiptTest, OfOtherMakersIsReadToo) {
  const auto bare = verify(foreign({}), 4);
  EXPECT_TRUE(bare) << bare.error().message() << ": without kid and issuer";
  Parts parts;
  parts.header = [](CborWriter& cbor) {
    cbor.integer(1), cbor.integer(cose::kEd25519);
    cbor.integer(2), cbor.begin_array(), cbor.integer(395), cbor.end_array();
    cbor.integer(395), cbor.integer(1);
    cbor.integer(16), cbor.text("application/x");
  };
  EXPECT_TRUE(verify(foreign(parts), 4));
}

TEST_F(CoseReceiptTest, RefusesOtherAlgorithmsTreesAndProofs) {
  const auto code = [&](const Parts& parts) {
    const auto verified = verify(foreign(parts), 4);
    return verified ? std::optional<Errc>() : verified.error().code();
  };
  Parts parts;
  parts.header = [](CborWriter& cbor) {
    cbor.integer(1), cbor.integer(cose::kEs256);
    cbor.integer(395), cbor.integer(1);
  };
  EXPECT_EQ(code(parts), Errc::kUnsupported);
  parts.header = [](CborWriter& cbor) {
    cbor.integer(1), cbor.integer(cose::kEdDsa);
    cbor.integer(395), cbor.integer(2);
  };
  EXPECT_EQ(code(parts), Errc::kUnsupported);
  parts.header = [](CborWriter& cbor) { cbor.integer(1), cbor.integer(cose::kEdDsa); };
  EXPECT_EQ(code(parts), Errc::kUnsupported) << "no tree";
  parts = {};
  parts.payload = root();
  EXPECT_EQ(code(parts), Errc::kMalformed) << "attached";
  parts = {};
  parts.proofs = [](CborWriter& cbor, ByteView inclusion) {
    cbor.integer(-1);
    cbor.begin_array(), cbor.bytes(inclusion), cbor.bytes(inclusion), cbor.end_array();
  };
  EXPECT_EQ(code(parts), Errc::kMalformed) << "two proofs";
  parts.proofs = [](CborWriter& cbor, ByteView inclusion) {
    cbor.integer(-2);
    cbor.begin_array(), cbor.bytes(inclusion), cbor.end_array();
  };
  EXPECT_EQ(code(parts), Errc::kMalformed) << "a consistency proof";
  parts.proofs = [](CborWriter&, ByteView) {};
  EXPECT_EQ(code(parts), Errc::kMalformed) << "none";
}

TEST_F(CoseReceiptTest, DoesNotHoldAfterAnyChangeOfAByteAndAtNoOtherLength) {
  const Bytes good = receipt(4);
  // The tree's size is not under the signature: one that asks for the same steps of the path leads to the same root.
  const Bytes before_size = *encoding::hex_decode("588c83");
  const auto size_at = static_cast<std::size_t>(std::ranges::search(good, before_size).end() - good.begin());
  ASSERT_EQ(good[size_at], std::byte{kEntries});
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (i == size_at) continue;
    for (int bit = 0; bit < 8; ++bit) {
      Bytes bad = good;
      bad[i] ^= static_cast<std::byte>(1 << bit);
      EXPECT_FALSE(verify(bad, 4)) << "byte " << i << " bit " << bit;
    }
    EXPECT_FALSE(verify(ByteView(good).first(i), 4)) << i;
  }
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(verify(longer, 4));
}

}  // namespace
}  // namespace redoubt::tlog
