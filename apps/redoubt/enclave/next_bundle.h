// The approvers' word that what lies in the folder may come into force at the next start
// (sealing/activation_approval.h): for `redoubt enclave approve` and `recover`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "encoding/json_writer.h"
#include "redoubt/layout.h"
#include "sealing/sealing.h"

namespace redoubt::app {

struct NextBundle {
  std::string path;      // of the approval
  std::string replaces;  // digest of the bundle in force
  std::uint64_t fact = 0;
  std::string bundle;  // digest
};

// What the approval would say; nothing when what lies there is in force, or nothing is yet: then a start takes it
// without. Reads the ledger and the bundle that is kept in DIR/state/bundles; no key, no TPM. Errors: kConflict when
// another file than redoubt.toml differs, since the rest is approved in the ledger; what a start would say of the
// files.
Result<std::optional<NextBundle>> choose_next_bundle(FileSystem& fs, const Layout& layout);

// Signs and writes it. kMalformed for what choose_next_bundle() does not give.
Result<> approve_next_bundle(FileSystem& fs, const Layout& layout, const sealing::Sealing& sealing,
                             const NextBundle& next, const crypto::P256PrivateKey& approver);

// For who approved it; nothing is said where nothing was.
void print_next_bundle(const std::optional<NextBundle>& next);
void write_next_bundle(encoding::JsonWriter& json, const std::optional<NextBundle>& next);

}  // namespace redoubt::app
