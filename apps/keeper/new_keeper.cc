#include "keeper/new_keeper.h"

#include <utility>

#include "crypto/ed25519.h"
#include "crypto/secret.h"
#include "keys/key_store.h"
#include "ledger/ledger.h"
#include "sealing/new_sealing.h"

namespace redoubt {
namespace {

// The ledger of one entry needs no more; later segments are as the configuration says.
constexpr std::uint64_t kFirstSegmentBytes = ledger::kMaxCommitPayloadBytes + 1024 * 1024;

Result<keys::KeyStore> make_store(FileSystem& fs, const NewKeeper& what) {
  if (what.tpm == nullptr) return keys::KeyStore::plain();
  return sealing::seal_new_storage_key(fs, what.paths, *what.tpm, what.approver, what.recovery);
}

Result<> begin_ledger(FileSystem& fs, const std::string& folder, const tlog::NoteSigner& signer, const Clock& clock,
                      const std::string& record) {
  auto ledger = ledger::Ledger::open(fs, folder, signer, clock,
                                     {.tenants = {}, .witnesses = {}, .segment_bytes = kFirstSegmentBytes});
  if (!ledger) return ledger.error();
  ledger::EntryHeader header{.kind = ledger::EntryKind::kFact};
  crypto::random_bytes(header.exchange);
  if (auto index = (*ledger)->add(header, as_bytes(record), {}); !index) return index.error();
  if (auto done = (*ledger)->commit(); !done) return done;
  if (auto published = (*ledger)->publish(); !published) return published.error();
  return {};
}

}  // namespace

Result<ledger::NewKeeperKeys> make_keeper(FileSystem& fs, const Clock& clock, const NewKeeper& what) {
  const auto store = make_store(fs, what);
  if (!store) return store.error();
  auto signer_key = crypto::Ed25519PrivateKey::generate();
  const auto dictionary_key = crypto::X25519KeyPair::generate();
  auto done = store->create(what.paths.keeper + "/signer.key", "ledger-signer", signer_key.seed());
  if (done) done = store->create(what.paths.keeper + "/wrap.key", "wrap", crypto::Secret::random(32));
  if (done) done = store->create(what.paths.keeper + "/dictionary.key", "dictionary", dictionary_key.private_key);
  if (!done) return done.error();
  const auto signer = tlog::NoteSigner::create(what.origin, std::move(signer_key));
  if (!signer) return signer.error();
  done = begin_ledger(fs, what.ledger, *signer, clock, what.first_record);
  if (!done) return done.error();
  return ledger::NewKeeperKeys{.signer = signer->verifier_key(), .dictionary = dictionary_key.public_key};
}

}  // namespace redoubt
