// Has the keeper's program do what takes private keys of the keeper's (ledger/errand.h), while no keeper serves: this
// process is told public keys, and never has the private ones, nor shares of them.
//
// Each starts `redoubt-keeper`, which lies beside this program, waits for its end, and says what it said. Killed, it
// takes the other along, which may still finish what it is at. Errors of all: what the program said; kUnavailable, with
// how it ended, when it said nothing; kMalformed when it said something else than what it was asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/certificate.h"
#include "ledger/errand.h"
#include "redoubt/layout.h"

namespace redoubt::app {

struct KeysToSeal {
  std::string tpm;  // as Enclave::tpm()
  crypto::P256PublicKey approver{};
  std::string recovery;  // K/N, as keys::QuorumSize::parse() takes it
};

struct KeysToMake {
  std::string origin;                 // the log's name
  std::string first_record;           // its first entry
  std::optional<KeysToSeal> sealing;  // nothing: the keys rest in the clear
};
// The keys of a new folder, and the ledger that they sign. Folders are there already: DIR, DIR/keeper and DIR/keys.
Result<ledger::NewKeeperKeys> have_keys_made(const Layout& layout, const KeysToMake& what);

// A storage key is made, with its shares, and sealed, for keys that rest in the clear.
Result<> have_keys_sealed(const Layout& layout, const KeysToSeal& what);
// They are encrypted under it. What runs was measured, and is approved.
Result<> have_keys_encrypted(const Layout& layout, const std::string& tpm);
// The storage key is sealed once more, as these shares, in files, give it. `what.recovery` is passed over.
Result<> have_keys_recovered(const Layout& layout, const KeysToSeal& what, const std::vector<std::string>& shares);

struct SignerErrand {
  std::string origin;  // the system log's name
  std::string tpm;     // as Enclave::tpm(), which was told what runs; empty: keys rest in the clear
};
Result<ledger::NextSigner> have_signer_prepared(const Layout& layout, const SignerErrand& with);
Result<ledger::ChangedSigner> have_signer_rotated(const Layout& layout, const SignerErrand& with);

struct RevocationOfSigner {
  std::string tenant;  // whose log; empty: the system log
  std::string key;     // vkey or key id
  std::uint64_t at = 0;
};
Result<ledger::RevokedSigner> have_signer_revoked(const Layout& layout, const SignerErrand& with,
                                                  const RevocationOfSigner& what);

}  // namespace redoubt::app
