#include "gateway/witnesses.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "base/log.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "gateway/internal/witness_peer.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"
#include "tlog/fork_proof.h"
#include "tlog/proof.h"
#include "tlog/witness_request.h"

namespace redoubt::gateway {
namespace {

using internal::WitnessPeer;
using tlog::TreeSize;

// The first asks with what we remember; the second with the size that the witness says; a third, should others submit
// checkpoints of ours at the same time.
constexpr int kMaxAttempts = 3;
constexpr std::size_t kMaxReplyLines = 64;
constexpr std::chrono::milliseconds kRingFullWait{20};

void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

// What others can check. In pieces that fit a line of the log.
void log_evidence(std::string_view what, const WitnessPeer& peer, std::string_view origin, std::string_view text) {
  constexpr std::size_t kPiece = 3000;
  const std::string encoded = encoding::base64(as_bytes(text));
  const std::size_t pieces = (encoded.size() + kPiece - 1) / kPiece;
  for (std::size_t i = 0; i < pieces; ++i) {
    log::error("gateway", what,
               {{"witness", peer.name()},
                {"log", origin},
                {"part", std::to_string(i + 1) + "/" + std::to_string(pieces)},
                {"base64", std::string_view(encoded).substr(i * kPiece, kPiece)}});
  }
}

std::string entries(TreeSize size) {
  return std::to_string(size.value) + (size.value == 1 ? " entry" : " entries");
}

}  // namespace

Result<tlog::TrustPolicy> parse_witness_policy(std::string_view text, bool required) {
  auto policy = tlog::TrustPolicy::parse(text);
  if (!policy) return policy;
  if (policy->witnesses().empty()) return Error(Errc::kMalformed, "it names no witness");
  for (const tlog::TrustPolicy::Witness& witness : policy->witnesses()) {
    const std::string who = "witness `" + witness.name + "`";
    if (witness.url.empty()) return Error(Errc::kMalformed, who + " has no URL, so it cannot be asked");
    if (const auto url = net::UpstreamUrl::parse(witness.url); !url)
      return Error(Errc::kMalformed, who + ": " + url.error().message());
  }
  if (required && !policy->needs_witnesses()) {
    return Error(Errc::kMalformed, "its quorum is `none`, and witnesses are required");
  }
  return policy;
}

std::vector<net::UpstreamUrl> witness_urls(const tlog::TrustPolicy& policy) {
  std::vector<net::UpstreamUrl> urls;
  for (const tlog::TrustPolicy::Witness& witness : policy.witnesses()) {
    urls.push_back(*net::UpstreamUrl::parse(witness.url));
  }
  return urls;
}

// A checkpoint that witnesses are asked about, and what has come of it.
struct Witnesses::Offer {
  Log log;
  std::string note;
  bool starting = false;
  std::string text;  // of the note
  tlog::Checkpoint checkpoint;
  std::vector<tlog::VerifierKey> log_keys;
  Asked asked;
  std::size_t left = 0;  // witnesses that are still being heard
};

Result<std::unique_ptr<Witnesses>> Witnesses::create(boost::asio::io_context& io, net::DeadlineSweep& sweep,
                                                     LedgerFiles& files, const WitnessSettings& settings) {
  auto policy = parse_witness_policy(settings.policy, false);
  if (!policy) return policy.error().in("witness policy");
  auto key = tlog::VerifierKey::parse(settings.log_key);
  if (!key) return key.error().in("the log's verifier key");
  if (auto usable = tlog::require_log_key(*key); !usable) return usable.error();
  std::unique_ptr<Witnesses> witnesses(new Witnesses(io, sweep, files, *std::move(key), settings.timeout));
  const std::vector<net::UpstreamUrl> urls = witness_urls(*policy);
  for (std::size_t i = 0; i < urls.size(); ++i) {
    const tlog::TrustPolicy::Witness& witness = policy->witnesses()[i];
    witnesses->peers_.push_back(std::make_unique<WitnessPeer>(io, sweep, witness, urls[i], settings.timeout));
  }
  return witnesses;
}

Witnesses::Witnesses(boost::asio::io_context& io, net::DeadlineSweep& sweep, LedgerFiles& files,
                     tlog::VerifierKey log_key, std::chrono::milliseconds timeout)
    : io_(io), sweep_(sweep), files_(files), log_key_(std::move(log_key)), timeout_(timeout) {}

Witnesses::~Witnesses() = default;

// Which log it is of, the note itself says: the ledger may have logs of tenants that are not configured any more.
Result<> Witnesses::read(Offer& offer) const {
  auto note = tlog::parse_note(offer.note);
  if (!note) return note.error();
  auto checkpoint = tlog::parse_checkpoint(note->text);
  if (!checkpoint) return checkpoint.error();
  const std::string& ours = log_key_.name();
  offer.log.origin = checkpoint->origin;
  if (checkpoint->origin != ours) {
    const std::size_t prefix = ledger::log_origin(ours, "t").size() - 1;
    if (checkpoint->origin.size() > prefix) offer.log.tenant = checkpoint->origin.substr(prefix);
    if (ledger::log_origin(ours, offer.log.tenant) != checkpoint->origin) {
      return Error(Errc::kCorrupt, "it is of another ledger");
    }
  }
  crypto::Ed25519PublicKey public_key;
  std::copy_n(log_key_.public_key().begin(), public_key.size(), public_key.begin());
  auto key = tlog::VerifierKey::ed25519(checkpoint->origin, public_key);
  if (!key) return key.error();
  offer.log_keys = {*std::move(key)};
  offer.text = std::move(note->text);
  offer.checkpoint = *std::move(checkpoint);
  return {};
}

net::Task<Witnesses::Asked> Witnesses::ask(ledger::LogNumber number, const std::string& note, bool starting) {
  Offer offer;
  offer.log.number = number;
  offer.note = note;
  offer.starting = starting;
  if (auto done = read(offer); !done) {
    offer.asked.refusal = done.error().in("the keeper offers what is no checkpoint");
    co_return offer.asked;
  }
  Timer all_heard(io_, std::chrono::steady_clock::time_point::max());
  offer.asked.size = offer.checkpoint.size;
  offer.left = peers_.size();
  for (const auto& peer : peers_) {
    boost::asio::co_spawn(io_, hear(*peer, offer), [&offer, &all_heard](std::exception_ptr error) {
      rethrow(error);
      if (--offer.left == 0) all_heard.cancel();
    });
  }
  while (offer.left > 0) co_await all_heard.async_wait(net::use_task);
  co_return offer.asked;
}

// POST add-checkpoint, and again with the size that the witness says.
net::Task<> Witnesses::hear(WitnessPeer& peer, Offer& offer) {
  net::Deadline deadline(sweep_, [&peer] { peer.cut_off(); });
  deadline.arm(timeout_);
  const ledger::LogNumber log = offer.log.number;
  const TreeSize size = offer.checkpoint.size;
  TreeSize old_size = std::min(peer.cosigned(log).value_or(size), size);
  for (int attempt = 0; attempt < kMaxAttempts && !deadline.expired(); ++attempt) {
    auto body = co_await request(offer, old_size);
    if (!body) {
      peer.report(log, offer.log.origin, "a witness cannot be asked", body.error().message());
      co_return;
    }
    const auto reply = co_await peer.exchange(net::Method::kPost, "/add-checkpoint", *body);
    if (!reply) {
      peer.report(ledger::kEveryLog, offer.log.origin, "a witness does not answer", reply.error().message());
      co_return;
    }
    peer.report(ledger::kEveryLog, offer.log.origin, {}, {});
    if (reply->status == 200) {
      take_cosignature(peer, offer, reply->body);
      co_return;
    }
    if (reply->status == 409 && reply->content_type == tlog::kWitnessSizeType) {
      const auto theirs = tlog::parse_witness_size(reply->body);
      if (!theirs || *theirs == old_size) {
        peer.report(log, offer.log.origin, "a witness answers nonsense", "its size is none, or the one it was sent");
        co_return;
      }
      if (*theirs > size) {
        co_await contradict(peer, offer, *theirs);
        co_return;
      }
      old_size = *theirs;
      continue;
    }
    // Another root at our size, or a proof that we took from our own tiles does not lead from its tree to ours.
    if (reply->status == 409 || reply->status == 422) {
      co_await contradict(peer, offer, std::nullopt);
      co_return;
    }
    peer.report(log, offer.log.origin, "a witness does not cosign", "status " + std::to_string(reply->status));
    co_return;
  }
  peer.report(log, offer.log.origin, "a witness does not cosign", "its size changes while it is asked");
}

net::Task<Result<std::string>> Witnesses::request(const Offer& offer, TreeSize old_size) {
  tlog::WitnessRequest request{.old_size = old_size, .proof = {}, .checkpoint = offer.note};
  const TreeSize size = offer.checkpoint.size;
  if (old_size.value == 0 || old_size == size) co_return tlog::format_witness_request(request);
  const LedgerFiles::Read prove = [&request, size](ledger::LedgerReader& reader) -> Result<std::string> {
    auto proof = tlog::consistency_proof(reader, request.old_size, size);
    if (!proof) return proof.error();
    request.proof = *std::move(proof);
    return tlog::format_witness_request(request);
  };
  co_return co_await files_.run(io_, offer.log, prove);
}

// Its answer is "one or more note signature lines" (C2SP tlog-witness); of those, the first that is its cosignature.
void Witnesses::take_cosignature(WitnessPeer& peer, Offer& offer, std::string_view reply) const {
  for (std::size_t i = 0; i < kMaxReplyLines && !reply.empty(); ++i) {
    const std::string line(reply.substr(0, reply.find('\n')));
    reply.remove_prefix(std::min(line.size() + 1, reply.size()));
    const std::string note = offer.text + "\n" + line + "\n";
    const auto checked = tlog::check_cosignatures(note, {&peer.key(), 1});
    if (!checked || checked->verified.empty()) continue;
    offer.asked.lines += line + "\n";
    peer.remember(offer.log.number, offer.checkpoint.size);
    peer.report(offer.log.number, offer.log.origin, {}, {});
    return;
  }
  peer.report(offer.log.number, offer.log.origin, "a witness does not cosign", "no line is its key's cosignature");
}

// The witness says that it has cosigned what this ledger does not have: `claimed` entries, or another tree. It is asked
// for what it has seen; signed by our key that is proof, whoever shows it.
net::Task<> Witnesses::contradict(WitnessPeer& peer, Offer& offer, std::optional<TreeSize> claimed) {
  const std::string& origin = offer.log.origin;
  const std::string who = "witness `" + peer.name() + "`";
  const auto theirs = co_await seen_by(peer, offer);
  std::string why = theirs ? "" : theirs.error().message();
  if (theirs) {
    // After theirs, so that what others had from us meanwhile is not taken for what we never had.
    const auto ours = co_await our_newest(offer);
    const auto seen = tlog::open_checkpoint(*theirs, offer.log_keys, origin);
    const auto have = ours ? tlog::open_checkpoint(*ours, offer.log_keys, origin) : ours.error();
    if (!seen || !have) {
      why = !seen ? seen.error().message() : have.error().message();
    } else if (seen->size > have->size) {
      log_evidence("evidence of a rollback: a checkpoint", peer, origin, *theirs);
      offer.asked.evidence = *theirs;
      offer.asked.refusal =
          Error(Errc::kVerifyFailed, "rolled back: " + who + " has cosigned " + entries(seen->size) + " of `" + origin +
                                         "`, this ledger has " + std::to_string(have->size.value) +
                                         "; restore the newer copy");
      co_return;
    } else {
      const auto fork = co_await find_fork(offer, *theirs, *ours);
      if (fork && !fork->empty()) {
        log_evidence("evidence of a fork: a fork proof", peer, origin, *fork);
        offer.asked.evidence = *fork;
        offer.asked.refusal =
            Error(Errc::kVerifyFailed, "forked: `" + origin + "` has signed two histories, and " + who +
                                           " has cosigned the other; restore the copy that it has seen");
        co_return;
      }
      // Others may hand our newer checkpoints to a witness before we do.
      if (fork && claimed && *claimed <= have->size && !offer.starting) co_return;
      why = fork ? "what it shows is part of this log" : fork.error().message();
    }
  }
  const std::string claim = claimed ? "it has cosigned " + entries(*claimed) + " of `" + origin +
                                          "`, this ledger has " + std::to_string(offer.checkpoint.size.value)
                                    : "it has cosigned another tree of `" + origin + "`";
  if (!offer.starting) {
    peer.report(offer.log.number, origin, "a witness says that the ledger was rolled back or forked, and proves it not",
                claim + ": " + why);
    co_return;
  }
  offer.asked.refusal =
      Error(Errc::kVerifyFailed, std::string(claimed ? "rolled back" : "forked") + ", as " + who + " says: " + claim +
                                     "; restore the newer copy, or take the witness out of the policy if it lies (no "
                                     "proof: " +
                                     why + ")");
}

// The last checkpoint that it cosigned of this log, verified to be our key's.
net::Task<Result<std::string>> Witnesses::seen_by(WitnessPeer& peer, const Offer& offer) {
  const std::string path = "/" + encoding::hex(crypto::sha256(as_bytes(offer.log.origin))) + "/checkpoint";
  auto shown = co_await peer.exchange(net::Method::kGet, path, {});
  if (!shown) co_return shown.error().in("it does not show its checkpoint");
  if (shown->status != 200) {
    co_return Error(Errc::kUnavailable, "it does not show its checkpoint: status " + std::to_string(shown->status));
  }
  if (auto opened = tlog::open_checkpoint(shown->body, offer.log_keys, offer.log.origin); !opened) {
    co_return opened.error().in("the checkpoint that it shows");
  }
  co_return std::move(shown->body);
}

// What is offered, or what has been published meanwhile.
net::Task<Result<std::string>> Witnesses::our_newest(const Offer& offer) {
  const LedgerFiles::Read read = [&offer](ledger::LedgerReader& reader) -> Result<std::string> {
    auto note = reader.checkpoint();
    if (!note && note.error().code() == Errc::kNotFound) return offer.note;
    if (!note) return note.error();
    const auto checkpoint = tlog::open_checkpoint(*note, offer.log_keys, offer.log.origin);
    if (!checkpoint) return checkpoint.error();
    return checkpoint->size > offer.checkpoint.size ? *note : offer.note;
  };
  co_return co_await files_.run(io_, offer.log, read);
}

// The fork proof, or nothing when there is no fork.
net::Task<Result<std::string>> Witnesses::find_fork(const Offer& offer, const std::string& theirs,
                                                    const std::string& ours) {
  const LedgerFiles::Read find = [&](ledger::LedgerReader& reader) -> Result<std::string> {
    const auto fork = tlog::find_fork(theirs, ours, offer.log_keys, reader);
    if (!fork) return fork.error();
    return *fork ? tlog::format_fork_proof(**fork) : Result<std::string>(std::string());
  };
  co_return co_await files_.run(io_, offer.log, find);
}

void Witnesses::serve(ledger::LedgerClient& client, std::function<void(const Error&)> refused) {
  client_ = &client;
  refused_ = std::move(refused);
  client.on_offer([this](ledger::LogNumber log, std::string note) {
    waiting_.emplace_back(log, std::move(note));
    begin_waiting();
  });
}

void Witnesses::stop() {
  stopped_ = true;
  waiting_.clear();
  for (const auto& peer : peers_) peer->stop();
}

void Witnesses::begin_waiting() {
  while (!stopped_ && under_way_ < kMaxAtOnce && !waiting_.empty()) {
    auto [log, note] = std::move(waiting_.front());
    waiting_.pop_front();
    ++under_way_;
    boost::asio::co_spawn(io_, answer(log, std::move(note)), rethrow);
  }
}

net::Task<> Witnesses::answer(ledger::LogNumber number, std::string note) {
  const Asked asked = co_await ask(number, note, !client_->ready());
  --under_way_;
  if (stopped_) co_return;
  if (asked.refusal) {
    stop();
    refused_(*asked.refusal);
    co_return;
  }
  Timer timer(io_);
  while (!stopped_) {
    const auto submitted = client_->submit_cosignatures(number, asked.size, asked.lines);
    client_->flush();
    if (submitted || submitted.error().code() != Errc::kResourceExhausted) break;
    timer.expires_after(kRingFullWait);
    co_await timer.async_wait(net::use_task);
  }
  begin_waiting();
}

}  // namespace redoubt::gateway
