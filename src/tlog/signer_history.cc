#include "tlog/signer_history.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "tlog/internal/text.h"
#include "tlog/proof.h"
#include "tlog/tile.h"

namespace redoubt::tlog {
namespace {

constexpr std::string_view kHandover = "redoubt signer handover v1";
constexpr std::string_view kRevocation = "redoubt signer revocation v1";

Error malformed(const char* message) {
  return {Errc::kMalformed, message};
}

Error refused(const std::string& message) {
  return {Errc::kVerifyFailed, message};
}

struct Statement {
  struct Successor {
    VerifierKey key;
    Hash root{};
  };

  std::string origin;
  Hash previous{};
  VerifierKey key;                     // that hands over, or is revoked
  std::optional<Successor> successor;  // nothing: a revocation
  TreeSize size;                       // of the handover, or what the revocation spares
  std::uint64_t unix_seconds = 0;
};

std::string format(const Statement& statement) {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(1, ' ').append(value).append(1, '\n');
  };
  text.append(statement.successor ? kHandover : kRevocation).append(1, '\n');
  line("origin", statement.origin);
  line("previous", encoding::base64(statement.previous));
  line(statement.successor ? "old" : "key", statement.key.format());
  if (statement.successor) line("new", statement.successor->key.format());
  line(statement.successor ? "size" : "at", std::to_string(statement.size.value));
  if (statement.successor) line("root", encoding::base64(statement.successor->root));
  line("time", std::to_string(statement.unix_seconds));
  return text;
}

// The value of the next line, which must be `NAME VALUE`; empty otherwise. No value is empty.
std::string_view take_value(std::string_view& text, std::string_view name) {
  std::string_view line = internal::take_line(text).value_or("");
  if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') return {};
  return line.substr(name.size() + 1);
}

Result<VerifierKey> parse_log_key(std::string_view vkey) {
  auto key = VerifierKey::parse(vkey);
  if (!key) return key;
  if (key->type() != SignatureType::kEd25519) {
    return Error(Errc::kUnsupported, "the key of `" + key->name() + "` is not of type Ed25519 (0x01)");
  }
  return key;
}

Result<Statement> parse_statement(std::string_view text) {
  const auto kind = internal::take_line(text);
  if (kind != kHandover && kind != kRevocation) return malformed("a statement does not begin with its kind");
  const bool handover = kind == kHandover;
  const std::string_view origin = take_value(text, "origin");
  const auto previous = internal::parse_hash(take_value(text, "previous"));
  auto key = parse_log_key(take_value(text, handover ? "old" : "key"));
  if (!key) return key.error();
  std::optional<VerifierKey> new_key;
  if (handover) {
    auto parsed = parse_log_key(take_value(text, "new"));
    if (!parsed) return parsed.error();
    new_key = *std::move(parsed);
  }
  const auto size = internal::parse_decimal(take_value(text, handover ? "size" : "at"));
  const auto root = handover ? internal::parse_hash(take_value(text, "root")) : Hash{};
  const auto unix_seconds = internal::parse_decimal(take_value(text, "time"));
  if (origin.empty() || !previous || !size || TreeSize{*size} > kMaxTreeSize || !root || !unix_seconds ||
      !text.empty()) {
    return malformed("a statement does not have the lines of its kind");
  }
  Statement statement{std::string(origin), *previous, *std::move(key), std::nullopt, {*size}, *unix_seconds};
  if (new_key) statement.successor = {*std::move(new_key), *root};
  return statement;
}

// Cuts off one signed note whose text has no empty line, and the empty line that separates it from the next.
std::optional<std::string_view> take_note(std::string_view& text) {
  const std::size_t signatures = text.find("\n\n");
  if (signatures == std::string_view::npos) return std::nullopt;
  const std::size_t end = text.find("\n\n", signatures + 2);
  if (end == std::string_view::npos) return std::exchange(text, {});
  const std::string_view note = text.substr(0, end + 1);
  text.remove_prefix(end + 2);
  return text.empty() ? std::nullopt : std::optional(note);
}

// Whether exactly these keys signed, in this order.
Result<> check_signatures(const Note& note, std::span<const VerifierKey* const> keys) {
  if (note.signatures.size() != keys.size()) return malformed("a statement does not have the signatures of its kind");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const NoteSignature& signature = note.signatures[i];
    if (signature.key_name != keys[i]->name() || signature.key_id != keys[i]->id() ||
        keys[i]->verify(note.text, signature.signature) != Verdict::kHolds) {
      return refused("a signature under a statement does not hold");
    }
  }
  return {};
}

// Reads statements in order. Each is held against those before it.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::vector<SignerTerm>> read() {
    if (text_.size() > kMaxSignersSize) return Error(Errc::kTooLarge, "it is too long");
    std::size_t statements = 0;
    for (std::string_view rest = text_; !rest.empty();) {
      if (++statements > kMaxSignerStatements) return Error(Errc::kTooLarge, "it has too many statements");
      const std::size_t begin = text_.size() - rest.size();
      const auto note = take_note(rest);
      if (!note) return malformed("it is not signed notes with an empty line between");
      if (auto done = take(*note, text_.substr(0, begin == 0 ? 0 : begin - 1)); !done) {
        return done.error().in("statement " + std::to_string(statements));
      }
    }
    return std::move(terms_);
  }

 private:
  Result<> take(std::string_view signed_note, std::string_view before) {
    const auto note = parse_note(signed_note);
    if (!note) return note.error();
    auto statement = parse_statement(note->text);
    if (!statement) return statement.error();
    // INVARIANT: a statement that is believed commits to every byte before it.
    if (statement->previous != crypto::sha256(as_bytes(before))) return refused("it was made after another beginning");
    if (terms_.empty())
      terms_.push_back({.key = statement->key, .from = {}, .from_root = {}, .to = {}, .revoked_at = {}});
    if (statement->origin != terms_.front().key.name() || statement->key.name() != statement->origin) {
      return refused("it is of another log, `" + statement->origin + "`");
    }
    return statement->successor ? take_handover(*note, *statement) : take_revocation(*note, *statement);
  }

  Result<> take_handover(const Note& note, Statement& statement) {
    SignerTerm& current = terms_.back();
    VerifierKey& successor = statement.successor->key;
    if (statement.key != current.key) return refused("the key that hands over is not the log's current one");
    if (successor.name() != statement.origin) return refused("the new key is not named like the log");
    if (std::any_of(terms_.begin(), terms_.end(),
                    [&](const SignerTerm& term) { return term.key.id() == successor.id(); })) {
      return refused("the new key, or another with its id, signed for the log before");
    }
    if (statement.size < current.from) return refused("the log is smaller than at the handover before");
    if (statement.size == current.from && current.from_root && *current.from_root != statement.successor->root) {
      return refused("the root is another than that of the handover before at the same size");
    }
    if (auto done = check_signatures(note, std::array{&statement.key, &successor}); !done) return done;
    current.to = statement.size;
    terms_.push_back({.key = std::move(successor),
                      .from = statement.size,
                      .from_root = statement.successor->root,
                      .from_unix_seconds = statement.unix_seconds,
                      .to = {},
                      .revoked_at = {}});
    return {};
  }

  Result<> take_revocation(const Note& note, const Statement& statement) {
    const auto revoked = std::find_if(terms_.begin(), terms_.end() - 1,
                                      [&](const SignerTerm& term) { return term.key == statement.key; });
    if (revoked == terms_.end() - 1) return refused("the revoked key is not one that has handed over");
    if (statement.size > *revoked->to) return refused("the key handed over before the size at which it is revoked");
    if (revoked->revoked_at && statement.size >= *revoked->revoked_at) return refused("the key is revoked already");
    if (auto done = check_signatures(note, std::array{&terms_.back().key}); !done) return done;
    revoked->revoked_at = statement.size;
    return {};
  }

  std::string_view text_;
  std::vector<SignerTerm> terms_;
};

// A vkey without its key: what people compare.
std::string named(const VerifierKey& key) {
  const std::string vkey = key.format();
  return "`" + vkey.substr(0, vkey.find('+', key.name().size() + 1)) + "`";
}

std::string size_text(TreeSize size) {
  return std::to_string(size.value);
}

// Whether its revocation, if there is one, spares what the key signed at this size.
bool spared(const SignerTerm& term, TreeSize size) {
  return !term.revoked_at || (size <= *term.revoked_at && *term.revoked_at > TreeSize{});
}

// The tiles of a tree of this size, from files: those that are partial, or the full ones that took their place.
class TreeTiles final : public TileSource {
 public:
  TreeTiles(ResourceReader& log, TreeSize size) : log_(log), size_(size) {}

  Result<Bytes> read_tile(const TileId& id) override {
    TileId wanted{id.level, id.index, tile_width(id.level, id.index, size_)};
    auto tile = log_.fetch(tile_path(wanted), kFullTileSize);
    if (!tile && tile.error().code() == Errc::kNotFound && wanted.is_partial()) {
      wanted.width = kTileWidth;
      tile = log_.fetch(tile_path(wanted), kFullTileSize);
    }
    if (!tile) return tile;
    if (tile->size() < id.size_bytes()) return Error(Errc::kVerifyFailed, "`" + tile_path(wanted) + "` is too short");
    tile->resize(id.size_bytes());
    return tile;
  }

 private:
  ResourceReader& log_;
  TreeSize size_;
};

Hash hash_of(std::string_view text) {
  return crypto::sha256(as_bytes(text));
}

// The file with one more note, which must be right.
Result<std::string> append_note(std::string_view text, std::string_view note, const VerifierKey& trusted) {
  std::string longer(text);
  if (!longer.empty()) longer += '\n';
  longer += note;
  if (const auto verified = SignerHistory::verify(trusted, longer); !verified) return verified.error();
  return longer;
}

}  // namespace

Result<SignerHistory> SignerHistory::verify(const VerifierKey& trusted, std::string_view text) {
  if (auto usable = require_log_key(trusted); !usable) return usable.error();
  if (text.empty()) {
    return SignerHistory({{.key = trusted, .from = {}, .from_root = {}, .to = {}, .revoked_at = {}}}, 0);
  }
  auto terms = Reader(text).read();
  if (!terms) return terms.error().in("signers");
  const auto known =
      std::find_if(terms->begin(), terms->end(), [&](const SignerTerm& term) { return term.key == trusted; });
  if (known == terms->end()) return refused("the key " + named(trusted) + " never signed for this log").in("signers");
  // INVARIANT: keys before the trusted one are vouched for by its own handover, which commits to the file before; those
  // after it by a chain of handovers of which none was made by a key revoked by then.
  for (auto term = known; term->to; ++term) {
    if (spared(*term, *term->to)) continue;
    return refused("the key " + named(term->key) + " was revoked at size " + size_text(*term->revoked_at) +
                   " and vouches for no other: ask for the log's current key")
        .in("signers");
  }
  const auto position = static_cast<std::size_t>(known - terms->begin());
  return SignerHistory(*std::move(terms), position);
}

Result<> SignerHistory::accepts(std::size_t position, const Checkpoint& checkpoint) const {
  const SignerTerm& term = terms_[position];
  const std::string checkpoint_size = "the checkpoint's is " + size_text(checkpoint.size);
  if (!spared(term, checkpoint.size)) {
    return refused("the key " + named(term.key) + " that signed it was revoked at size " + size_text(*term.revoked_at) +
                   "; " + checkpoint_size);
  }
  if (checkpoint.size < term.from) {
    return refused("the key " + named(term.key) + " that signed it signs from size " + size_text(term.from) + " on; " +
                   checkpoint_size);
  }
  if (term.to && checkpoint.size > *term.to) {
    return refused("the key " + named(term.key) + " that signed it handed over at size " + size_text(*term.to) + "; " +
                   checkpoint_size);
  }
  const bool other_root_taken = checkpoint.size == term.from && term.from_root && checkpoint.root != *term.from_root;
  const bool other_root_given = term.to && checkpoint.size == *term.to && position + 1 < terms_.size() &&
                                checkpoint.root != *terms_[position + 1].from_root;
  if (other_root_taken || other_root_given) {
    return refused("the root is another than that of the handover at size " + size_text(checkpoint.size));
  }
  return {};
}

Result<CheckpointAcross> open_checkpoint_across(std::string_view note, const SignerHistory& history) {
  std::vector<VerifierKey> keys;
  for (const SignerTerm& term : history.terms()) keys.push_back(term.key);
  const auto verified = verify_note(note, keys);
  if (!verified) return verified.error();
  auto checkpoint = parse_checkpoint(verified->note.text);
  if (!checkpoint) return checkpoint.error();
  if (checkpoint->origin != history.origin()) {
    return refused("the checkpoint is of another log, `" + checkpoint->origin + "`");
  }
  std::vector<std::size_t> order(verified->verified.rbegin(), verified->verified.rend());
  std::stable_partition(order.begin(), order.end(), [&](std::size_t term) { return term == history.trusted(); });
  Result<> why;
  for (const std::size_t term : order) {
    auto accepted = history.accepts(term, *checkpoint);
    if (accepted) return CheckpointAcross{*std::move(checkpoint), term};
    if (why) why = std::move(accepted);
  }
  return why.error();
}

Result<> check_handovers(ResourceReader& log, const SignerHistory& history, const Checkpoint& checkpoint) {
  TreeTiles tiles(log, checkpoint.size);
  for (const SignerTerm& term : history.terms()) {
    if (!term.from_root || term.from > checkpoint.size) continue;
    const auto proof = consistency_proof(tiles, term.from, checkpoint.size);
    if (!proof) return proof.error();
    if (!verify_consistency(term.from, checkpoint.size, *proof, *term.from_root, checkpoint.root)) {
      return refused("the log does not continue the tree that was handed over at size " + size_text(term.from));
    }
  }
  return {};
}

Result<std::string> append_handover(std::string_view text, const NoteSigner& from, const NoteSigner& to,
                                    const Checkpoint& last, std::uint64_t unix_seconds) {
  const auto history = SignerHistory::verify(from.verifier_key(), text);
  if (!history) return history.error();
  if (history->current().key != from.verifier_key()) {
    return Error(Errc::kInvalidArgument, "the key that shall hand over is not the log's current one");
  }
  if (to.name() != from.name() || last.origin != from.name()) {
    return Error(Errc::kInvalidArgument, "keys and checkpoint of a handover are not of one log");
  }
  const std::string statement = format({.origin = from.name(),
                                        .previous = hash_of(text),
                                        .key = from.verifier_key(),
                                        .successor = {{to.verifier_key(), last.root}},
                                        .size = last.size,
                                        .unix_seconds = unix_seconds});
  auto note = sign_note(statement, from);
  if (!note) return note;
  return append_note(text, *note + to.signature_line(statement), to.verifier_key());
}

Result<std::string> append_revocation(std::string_view text, const NoteSigner& signer, const VerifierKey& revoked,
                                      TreeSize at, std::uint64_t unix_seconds) {
  const auto history = SignerHistory::verify(signer.verifier_key(), text);
  if (!history) return history.error();
  const auto& terms = history->terms();
  if (history->current().key != signer.verifier_key()) {
    return Error(Errc::kInvalidArgument, "only the log's current key revokes");
  }
  const auto term = std::find_if(terms.begin(), terms.end(), [&](const SignerTerm& one) { return one.key == revoked; });
  if (term == terms.end() || !term->to) {
    return Error(Errc::kInvalidArgument, "only a key that has handed over can be revoked: rotate first");
  }
  if (at > *term->to) {
    return Error(Errc::kInvalidArgument,
                 "the key handed over at size " + size_text(*term->to) + " and signed no larger tree");
  }
  if (term->revoked_at && at >= *term->revoked_at) {
    return Error(Errc::kInvalidArgument, "the key is revoked already, at size " + size_text(*term->revoked_at));
  }
  const auto note = sign_note(format({.origin = signer.name(),
                                      .previous = hash_of(text),
                                      .key = revoked,
                                      .successor = std::nullopt,
                                      .size = at,
                                      .unix_seconds = unix_seconds}),
                              signer);
  if (!note) return note;
  return append_note(text, *note, signer.verifier_key());
}

}  // namespace redoubt::tlog
