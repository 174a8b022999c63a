#include "tlog/cose_receipt.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "crypto/sha256.h"
#include "encoding/cbor_reader.h"
#include "encoding/cbor_writer.h"
#include "encoding/cose.h"
#include "tlog/checkpoint.h"
#include "tlog/internal/inclusion.h"

namespace redoubt::tlog {
namespace {

namespace cose = encoding::cose;
using encoding::CborArray;
using encoding::CborDocument;
using encoding::CborForm;
using encoding::CborMap;
using encoding::CborValue;
using encoding::CborWriter;
using encoding::CoseSign1;

// RFC 9942 §2, §4: labels, the tree, the kind of proof. RFC 9597 §2: the claims; RFC 8392 §3.1.1: the issuer.
constexpr std::int64_t kTree = 395;
constexpr std::int64_t kProofs = 396;
constexpr std::int64_t kRfc9162Sha256 = 1;
constexpr std::int64_t kInclusion = -1;
constexpr std::int64_t kClaims = 15;
constexpr std::int64_t kIssuer = 1;

constexpr encoding::CborLimits kLimits{.max_bytes = kMaxCoseReceiptSize, .max_depth = 8, .max_items = 512};

// C2SP signed-note, Signature types: 0xff is for types without a number, which a longer name identifies.
constexpr std::string_view kLineType = "\xffredoubt/cose-receipt/v1";

std::array<std::byte, 4> bytes_of_id(KeyId id) {
  std::array<std::byte, 4> out{};
  store_be(MutableByteView(out), id.value);
  return out;
}

KeyId line_id(const VerifierKey& key) {
  const auto digest = crypto::sha256({as_bytes(key.name()), as_bytes("\n"), as_bytes(kLineType), key.public_key()});
  return {load_be<std::uint32_t>(digest)};
}

Bytes protected_header(const VerifierKey& key) {
  Bytes out;
  CborWriter cbor(out);
  cbor.begin_map();
  cbor.integer(cose::kAlgorithm);
  cbor.integer(cose::kEdDsa);
  cbor.integer(cose::kKeyId);
  cbor.bytes(bytes_of_id(key.id()));
  cbor.integer(kClaims);
  cbor.begin_map();
  cbor.integer(kIssuer);
  cbor.text(key.name());
  cbor.end_map();
  cbor.integer(kTree);
  cbor.integer(kRfc9162Sha256);
  cbor.end_map();
  return out;
}

Bytes unprotected_header(const ProofFile& proof, TreeSize size) {
  Bytes inclusion;
  {
    CborWriter cbor(inclusion);
    cbor.begin_array();
    cbor.unsigned_integer(size.value);
    cbor.unsigned_integer(proof.index.value);
    cbor.begin_array();
    for (const Hash& hash : proof.proof) cbor.bytes(hash);
    cbor.end_array();
    cbor.end_array();
  }
  Bytes out;
  CborWriter cbor(out);
  cbor.begin_map();
  cbor.integer(kProofs);
  cbor.begin_map();
  cbor.integer(kInclusion);
  cbor.begin_array();
  cbor.bytes(inclusion);
  cbor.end_array();
  cbor.end_map();
  cbor.end_map();
  return out;
}

bool belongs_to(const NoteSignature& line, const VerifierKey& key) {
  return line.key_name == key.name() && line.key_id == line_id(key);
}

bool is_signed(const VerifierKey& key, ByteView message, ByteView signature) {
  if (key.type() != SignatureType::kEd25519) return false;
  crypto::Ed25519PublicKey public_key{};
  std::ranges::copy(key.public_key(), public_key.begin());
  return crypto::ed25519_verify(public_key, message, signature);
}

Error bad_receipt(std::string_view what) {
  return {Errc::kMalformed, "the receipt " + std::string(what)};
}

struct Inclusion {
  TreeSize size;
  LeafIndex index;
  std::vector<Hash> path;
};

// RFC 9942 §5.2. A tree of one entry has an empty path, though the CDDL there asks for one hash at least.
Result<Inclusion> read_inclusion(ByteView encoded) {
  const auto document = CborDocument::read(encoded, CborForm::kDeterministic, kLimits);
  if (!document) return document.error().in("the receipt's proof");
  const CborArray parts = document->root().array();
  const auto size = parts.at(0).unsigned_integer();
  const auto index = parts.at(1).unsigned_integer();
  const CborArray path = parts.at(2).array();
  if (parts.size() != 3 || !size || !index || !path) return bad_receipt("has no proof of an inclusion");
  Inclusion out{{*size}, {*index}, {}};
  for (const CborValue each : path) {
    const auto bytes = each.bytes();
    if (!bytes || bytes->size() != Hash().size() || out.path.size() == kMaxProofHashes) {
      return bad_receipt("has a path that is no list of at most 63 hashes");
    }
    std::ranges::copy(*bytes, out.path.emplace_back().begin());
  }
  return out;
}

// One proof, of an inclusion: what another would say is not asked.
Result<Inclusion> read_proofs(const CoseSign1& message) {
  const CborMap proofs = message.unprotected_header().find(kProofs).map();
  const CborArray inclusions = proofs.find(kInclusion).array();
  const auto encoded = inclusions.at(0).bytes();
  if (proofs.size() != 1 || inclusions.size() != 1 || !encoded)
    return bad_receipt("has not exactly one inclusion proof");
  return read_inclusion(*encoded);
}

}  // namespace

Bytes cose_root_to_be_signed(const VerifierKey& log_key, const Hash& root) {
  return cose::sign1_to_be_signed(protected_header(log_key), {}, root);
}

std::string cose_root_line(const NoteSigner& log, const Hash& root) {
  const VerifierKey& log_key = log.verifier_key();
  const auto signature = log.key_.sign(cose_root_to_be_signed(log_key, root));
  return format_signature_line({log_key.name(), line_id(log_key), to_bytes(signature)});
}

bool is_cose_root_line(const NoteSignature& line, const VerifierKey& log_key, const Hash& root) {
  return belongs_to(line, log_key) && is_signed(log_key, cose_root_to_be_signed(log_key, root), line.signature);
}

Result<Bytes> make_cose_receipt(std::string_view proof_file, const VerifierKey& log_key) {
  const auto proof = parse_proof_file(proof_file);
  if (!proof) return proof.error();
  const auto checkpoint = open_checkpoint(proof->checkpoint, {&log_key, 1});
  if (!checkpoint) return checkpoint.error().in("checkpoint");
  const auto note = parse_note(proof->checkpoint);
  if (!note) return note.error();
  const auto line =
      std::ranges::find_if(note->signatures, [&](const NoteSignature& each) { return belongs_to(each, log_key); });
  if (line == note->signatures.end()) {
    return Error(Errc::kNotFound,
                 "the checkpoint has no line for receipts of COSE: it was signed before there were any");
  }
  if (!is_cose_root_line(*line, log_key, checkpoint->root)) {
    return Error(Errc::kVerifyFailed, "the checkpoint's line for receipts of COSE does not hold");
  }
  return encoding::write_cose_sign1(protected_header(log_key), unprotected_header(*proof, checkpoint->size),
                                    std::nullopt, line->signature);
}

Result<CoseReceipt> verify_cose_receipt(ByteView receipt, const Hash& leaf, std::span<const VerifierKey> log_keys) {
  const auto message = CoseSign1::read(receipt, {.tag_required = true, .limits = kLimits}, {kTree, kClaims});
  if (!message) return message.error();
  const CborMap header = message->protected_header();
  if (message->algorithm() != cose::kEdDsa && message->algorithm() != cose::kEd25519) {
    return Error(Errc::kUnsupported, "receipts signed with " + cose::algorithm_name(message->algorithm()) +
                                         " are not read: a log's key is of Ed25519");
  }
  if (header.find(kTree).integer() != kRfc9162Sha256) {
    return Error(Errc::kUnsupported, "the receipt is of another tree than RFC9162_SHA256");
  }
  if (message->payload()) return bad_receipt("has its root attached: it must be computed");
  const auto inclusion = read_proofs(*message);
  if (!inclusion) return inclusion.error();
  const auto root = internal::inclusion_root(leaf, inclusion->index, inclusion->size, inclusion->path);
  if (!root) return root.error();

  const CborValue key_id = header.find(cose::kKeyId);
  const CborValue issuer = header.find(kClaims).map().find(kIssuer);
  const Bytes signed_bytes = message->to_be_signed({}, *root);
  for (const VerifierKey& key : log_keys) {
    const auto id = bytes_of_id(key.id());
    if (key_id && !(key_id.bytes() && std::ranges::equal(*key_id.bytes(), id))) continue;
    if (issuer && issuer.text() != key.name()) continue;
    if (!is_signed(key, signed_bytes, message->signature())) continue;
    return CoseReceipt{key.name(), inclusion->size, inclusion->index, *root};
  }
  return Error(Errc::kVerifyFailed, "the receipt is not of this entry, or not signed by the log's key");
}

}  // namespace redoubt::tlog
