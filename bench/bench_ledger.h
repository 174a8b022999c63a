// A ledger in a scratch folder with a key of its own, for what measures it: the one place in bench/ that knows how a
// ledger is opened, appended to and read.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "crypto/ed25519.h"
#include "ledger/ledger.h"
#include "ledger/reader.h"
#include "tlog/note.h"

namespace redoubt::bench {

class BenchLedger {
 public:
  // Opens, or makes, the ledger in `directory`. The same key must come to a folder again. `fs` outlives the ledger.
  static Result<std::unique_ptr<BenchLedger>> open(FileSystem& fs, const std::string& directory,
                                                   crypto::Ed25519PrivateKey key) {
    auto signer = tlog::NoteSigner::create("bench.example/log", std::move(key));
    if (!signer) return signer.error();
    std::unique_ptr<BenchLedger> made(new BenchLedger(*std::move(signer)));
    auto ledger = ledger::Ledger::open(fs, directory, made->signer_, made->clock_, {});
    if (!ledger) return ledger.error();
    made->ledger_ = *std::move(ledger);
    return made;
  }

  // An entry without an opening. It is acknowledged when commit() has succeeded.
  Result<> add(ByteView leaf, ledger::EntryKind kind = ledger::EntryKind::kStandalone) {
    auto added = ledger_->add({.kind = kind}, leaf, {});
    if (!added) return added.error();
    return {};
  }
  Result<> commit() { return ledger_->commit(); }
  Result<> publish() {
    auto done = ledger_->publish();
    if (!done) return done.error();
    return {};
  }
  tlog::TreeSize published() const { return ledger_->published(); }

  // Whether a commit can hold so many entries of this size.
  static bool fits(std::size_t entries, std::size_t size) {
    return entries * (size + ledger::kEntryHeaderSize) <= ledger::kMaxCommitPayloadBytes;
  }
  static ledger::LedgerReader reader(FileSystem& fs, const std::string& directory) {
    return ledger::LedgerReader(fs, directory);
  }

 private:
  explicit BenchLedger(tlog::NoteSigner signer) : signer_(std::move(signer)) {}

  const tlog::NoteSigner signer_;
  const SystemClock clock_;
  std::unique_ptr<ledger::Ledger> ledger_;
};

}  // namespace redoubt::bench
