// COSE receipts (RFC 9942): that an entry is in a log, for verifiers who speak COSE and not C2SP. The tree is the same,
// RFC 9162 with SHA-256 (`vds` 1), and so is the path; what signs it is another form of the same statement.
//
//   18([ << {1: -8, 4: KEYID, 15: {1: ORIGIN}, 395: 1} >>,     EdDSA; kid; CWT claims, issuer; RFC9162_SHA256
//        {396: {-1: [ << [SIZE, INDEX, [HASH, …]] >> ]}},      one inclusion proof
//        null,                                                  the root: detached, so that it must be computed
//        SIGNATURE ])
//
// A log's key signs checkpoints as notes. For receipts it signs the root of the same checkpoint once more, in COSE's
// form, and the signature stands in the checkpoint as one more line, which verifiers of notes pass over as that of an
// unknown key. A COSE Sig_structure begins with 0x84, which no UTF-8 text does: neither form can be taken for the
// other. docs/decisions/2026-11-22-cose-receipts.md says why.
//
// All functions: any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ed25519.h"
#include "tlog/hash.h"
#include "tlog/note.h"
#include "tlog/proof_file.h"

namespace redoubt::tlog {

inline constexpr std::size_t kMaxCoseReceiptSize = 16 * 1024;  // bytes

// What the log's key signs for this root (RFC 9052 §4.4, Sig_structure).
Bytes cose_root_to_be_signed(const VerifierKey& log_key, const Hash& root);

// The line of the checkpoint with this root, `— NAME BASE64` and its newline.
// INVARIANT, kept by the caller: a root is signed only after the checkpoint that has it.
std::string cose_root_line(const NoteSigner& log, const Hash& root);

// Whether the line is that of `log_key` for this root, and holds. Of another key's, and of another kind's, it is false.
bool is_cose_root_line(const NoteSignature& line, const VerifierKey& log_key, const Hash& root);

// The receipt that a proof file amounts to. The proof is not verified; its checkpoint must be signed by `log_key`.
// Errors: parse_proof_file's and open_checkpoint's; kNotFound when the checkpoint has no line for receipts;
// kVerifyFailed when it has one that does not hold.
Result<Bytes> make_cose_receipt(std::string_view proof_file, const VerifierKey& log_key);

struct CoseReceipt {
  std::string origin;  // the issuer
  TreeSize size;       // as the proof states: it is under the signature only in so far as it leads to the root
  LeafIndex index;     // likewise
  Hash root{};
};

// Whether the receipt proves that the log of one of `log_keys` holds the entry with this leaf hash. Receipts of other
// makers are read too: `kid` and issuer may be absent, and other parameters there, unless they are critical. Errors:
// kMalformed, kTooLarge; kUnsupported for another algorithm or tree; kVerifyFailed when no key signed, the issuer is
// not the key's name, or the path is of another length than size and index ask for.
Result<CoseReceipt> verify_cose_receipt(ByteView receipt, const Hash& leaf, std::span<const VerifierKey> log_keys);

}  // namespace redoubt::tlog
