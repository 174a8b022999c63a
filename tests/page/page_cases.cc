// page_cases SEED
//
// Writes to standard output what the verification page is tested with, one case a line, byte strings in base64:
//
//   made NAME BYTES               a file of a small log with two witnesses, as in docs/operating/verify-in-a-browser.md
//   judged WHAT VERDICT BYTES [LEAF]
//                                 bytes, most of them damaged, and whether our verifier takes them (1) or not (0);
//                                 WHAT is proof, checkpoint, receipt, vkey or tile_path. Keys are those of `made vkey`.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "ledger/receipt.h"
#include "tlog/cose_receipt.h"
#include "tlog/proof.h"
#include "tlog/proof_file.h"
#include "tlog/tests/memory_log.h"

namespace {

using namespace redoubt;

constexpr std::uint64_t kTime = 1'700'000'000;  // seconds; of every cosignature

std::string encoded(std::string_view bytes) {
  return encoding::base64(as_bytes(bytes));
}

void made(const std::string& name, std::string_view bytes) {
  std::printf("made %s %s\n", name.c_str(), encoded(bytes).c_str());
}

// An Ed25519 cosigner (C2SP tlog-cosignature), written from the standard rather than with our own code for it.
struct Witness {
  Witness(std::string witness_name, std::uint8_t seed)
      : name(std::move(witness_name)), key(*crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{seed}))) {
    Bytes typed{std::byte{0x04}};
    append(typed, key.public_key());
    const auto digest = crypto::sha256({as_bytes(name), as_bytes("\n"), typed});
    id.assign(digest.begin(), digest.begin() + 4);
    vkey = name + '+' + encoding::hex(id) + '+' + encoding::base64(typed);
  }

  std::string cosignature_line(std::string_view text, std::uint64_t time) const {
    std::array<std::byte, 8> stamp;
    store_be(MutableByteView(stamp), time);
    Bytes bytes = id;
    append(bytes, stamp);
    append(bytes, key.sign(as_bytes("cosignature/v1\ntime " + std::to_string(time) + '\n' + std::string(text))));
    return "\xe2\x80\x94 " + name + ' ' + encoding::base64(bytes) + '\n';
  }

  std::string name;
  crypto::Ed25519PrivateKey key;
  Bytes id;
  std::string vkey;
};

class Cases {
 public:
  explicit Cases(std::uint64_t seed) : random_(seed) {
    const std::uint64_t size = 2 + pick(700);
    for (std::uint64_t i = 0; i < size; ++i) {
      entries_.push_back("{\"n\":" + std::to_string(i) + ",\"r\":" + std::to_string(random_()) + "}");
      log_.append(entries_.back());
    }
    log_.publish(signer_);
    note_ = std::string(as_chars(log_.files.at("checkpoint")));
  }

  void write_files() {
    const std::string text = note_.substr(0, note_.find("\n\n") + 1);
    const std::string cosigned = note_ + tlog::cose_root_line(signer_, *tlog::tree_root(log_, log_.size())) +
                                 first_.cosignature_line(text, kTime) + second_.cosignature_line(text, kTime + 60);
    const std::uint64_t index = pick(entries_.size());
    made("vkey", signer_.verifier_key().format() + '\n');
    made("witness_vkeys", first_.vkey + '\n' + second_.vkey + '\n');
    made("policy", "# trust\nlog " + signer_.verifier_key().format() + "\nwitness W1 " + first_.vkey + "\nwitness W2 " +
                       second_.vkey + " https://witness.example/\ngroup both all W1 W2\nquorum both\n");
    made("record", entries_[index]);
    made("index", std::to_string(index));
    made("receipt", ledger::format_receipt({signer_.name(), {index}, tlog::test::leaf(entries_[index])}));
    made("proof", *proof_file(index, note_));
    made("cosigned_proof", *proof_file(index, cosigned));
    made("half_cosigned_proof", *proof_file(index, note_ + first_.cosignature_line(text, kTime)));
    made("undated_proof", *proof_file(index, note_ + first_.cosignature_line(text, 0)));
    made("checkpoint", note_);
    for (const auto& [path, bytes] : log_.files) {
      if (path.starts_with("tile/") && !path.starts_with("tile/entries/")) made(path, as_chars(bytes));
    }
    write_fork();
  }

  void write_judged() {
    for (int i = 0; i < 400; ++i) judge_proof();
    for (int i = 0; i < 200; ++i) {
      const std::string note = i % 2 == 0 ? damaged(note_) : resigned(note_);
      judged("checkpoint", tlog::open_checkpoint(note, keys_).has_value(), note);
    }
    for (int i = 0; i < 200; ++i) {
      const std::string receipt = damaged(
          i % 4 == 0 ? "index=007 , leaf=:" + std::string(44, 'A').replace(43, 1, "=") + ":,\torigin=\"a\\\"b\\\\\""
                     : ledger::format_receipt({signer_.name(), {random_() >> pick(64)}, tlog::test::leaf("x")}));
      judged("receipt", ledger::parse_receipt(receipt).has_value(), receipt);
    }
    for (int i = 0; i < 200; ++i) {
      const std::string vkey = damaged(signer_.verifier_key().format());
      judged("vkey", tlog::VerifierKey::parse(vkey).has_value(), vkey);
    }
    for (int i = 0; i < 200; ++i) {
      const tlog::TileId id{static_cast<unsigned>(pick(64)), random_() >> pick(64),
                            1 + static_cast<unsigned>(pick(256))};
      const std::string path = damaged(tlog::tile_path(id));
      judged("tile_path", tlog::parse_tile_path(path).has_value(), path);
    }
  }

 private:
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }

  Result<std::string> proof_file(std::uint64_t index, const std::string& note) {
    const auto proof = tlog::inclusion_proof(log_, {index}, log_.size());
    if (!proof) return proof.error();
    return tlog::format_proof_file({.extra = std::nullopt, .index = {index}, .proof = *proof, .checkpoint = note});
  }

  // Another history of the same log, which has the first's beginning up to an entry that it has not.
  void write_fork() {
    tlog::test::MemoryLog other;
    for (std::size_t i = 0; i < entries_.size(); ++i) other.append(i == entries_.size() / 2 ? "forged" : entries_[i]);
    other.publish(signer_);
    const std::string same_size(as_chars(other.files.at("checkpoint")));
    made("other_checkpoint", same_size);
    made("fork_proof_same_size", "redoubt/fork-proof@v1\n\n" + note_ + '\n' + same_size);
    const tlog::TreeSize from = log_.size();
    for (std::uint64_t more = 1 + pick(100); more > 0; --more) other.append("later");
    other.publish(signer_);
    const std::string larger(as_chars(other.files.at("checkpoint")));
    auto path = *tlog::consistency_proof(other, from, other.size());
    if (std::has_single_bit(from.value)) path.insert(path.begin(), *tlog::tree_root(other, from));
    std::string lines;
    for (const tlog::Hash& hash : path) lines += encoding::base64(hash) + '\n';
    made("fork_proof", "redoubt/fork-proof@v1\n" + lines + '\n' + note_ + '\n' + larger);
    made("no_fork_proof", "redoubt/fork-proof@v1\n" + lines + '\n' + same_size + '\n' + larger);
  }

  static void judged(const char* what, bool verdict, const std::string& bytes, const std::string& leaf = "") {
    std::printf("judged %s %d %s%s%s\n", what, verdict ? 1 : 0, encoded(bytes).c_str(), leaf.empty() ? "" : " ",
                leaf.c_str());
  }

  void judge_proof() {
    const std::uint64_t index = pick(entries_.size());
    const std::string whole = *proof_file(index, note_);
    const std::size_t head = whole.size() - note_.size();
    std::string file;
    switch (pick(4)) {
      case 0:
        file = whole;
        break;
      case 1:
        file = damaged(whole);
        break;
      case 2:
        file = damaged(whole.substr(0, head)) + note_;
        break;
      default:
        file = whole.substr(0, head) + resigned(note_);
        break;
    }
    const tlog::Hash leaf = tlog::test::leaf(entries_[pick(8) == 0 ? pick(entries_.size()) : index]);
    judged("proof", tlog::verify_proof_file(file, leaf, keys_).has_value(), file, encoding::base64(leaf));
  }

  // The note with a damaged text, signed anew where a text like that can be signed: so that what the text says is read.
  std::string resigned(const std::string& note) {
    const std::string text = damaged(note.substr(0, note.find("\n\n") + 1));
    const auto signed_anew = tlog::sign_note(text, signer_);
    return signed_anew ? *signed_anew : text + '\n' + signer_.signature_line(text);
  }

  // `text` with a small change, or in rare cases none.
  std::string damaged(std::string text) {
    static const std::vector<std::string> kPieces{
        "\n", "\n\n", " ",      "0",      "=", "+",    "A",  "\"", "\t", "\r",     "/",      "x",
        ":",  "\x7f", "\u00a0", "\u3000", "ü", "\xff", "-1", "07", ".p", "extra ", "index ", std::string(1, 0)};
    const std::size_t at = text.empty() ? 0 : pick(text.size());
    switch (pick(8)) {
      case 0:
        break;
      case 1:
        text[at] = static_cast<char>(text[at] ^ (1 << pick(8)));
        break;
      case 2:
        text.erase(at, 1 + pick(3));
        break;
      case 3:
        text.insert(at, kPieces[pick(kPieces.size())]);
        break;
      case 4:
        text.replace(at, 1, kPieces[pick(kPieces.size())]);
        break;
      case 5:
        text.resize(at);
        break;
      case 6: {  // the line at hand once more, or in another place
        const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
        const std::string line = text.substr(begin, text.find('\n', at) + 1 - begin);
        if (pick(2) == 0) text.erase(begin, line.size());
        text.insert(pick(2) == 0 ? std::min(begin, text.size()) : 0, line);
        break;
      }
      default: {
        const std::size_t digit = text.find_first_of("0123456789", at);
        if (digit != std::string::npos) text[digit] = static_cast<char>('0' + pick(10));
      }
    }
    return text;
  }

  std::mt19937_64 random_;
  tlog::NoteSigner signer_ = tlog::test::make_signer("example.com/page");
  std::vector<tlog::VerifierKey> keys_{signer_.verifier_key()};
  Witness first_{"witness.example/one", 1};
  Witness second_{"witness.example/two", 2};
  tlog::test::MemoryLog log_;
  std::vector<std::string> entries_;
  std::string note_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: page_cases SEED\n");
    return 2;
  }
  Cases cases(std::strtoull(argv[1], nullptr, 10));
  cases.write_files();
  cases.write_judged();
  return 0;
}
