// Keys that a TPM makes anew each time, always the same, from its seeds: the storage key, above everything that Redoubt
// keeps on disk, and the endorsement key. And what is kept below the storage key.
#pragma once

#include <tss2/tss2_esys.h>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/public_key.h"
#include "tpm/internal/device.h"

namespace redoubt::tpm::internal {

struct Loaded {
  Place place;
  TPMT_PUBLIC area;
  Bytes name;
};

// TCG's template of an ECC storage root key (TCG TPM v2.0 Provisioning Guidance): P-256, AES-128.
Result<Loaded> make_storage_key(Device& device);
// P-256, or RSA 2048 (TCG EK Credential Profile 2.5, templates L-2 and L-1).
Result<Loaded> make_endorsement_key(Device& device, bool rsa);

// An object that is kept on disk, of bounded sizes.
inline constexpr std::size_t kMaxPublicArea = 256;
inline constexpr std::size_t kMaxPrivateArea = 1024;
inline constexpr std::size_t kNameSize = 34;  // SHA-256's number and a digest
struct Stored {
  ByteView public_area;  // TPMT_PUBLIC
  ByteView private_area;
  ByteView parent_name;
};

// Loads what was made below `storage`. Errors: kVerifyFailed when it was made below another storage key: this is
// another TPM, or it was cleared, or something on the bus pretends to be it; kCorrupt when its bytes were altered.
// `what` names it in messages.
Result<Loaded> load(Device& device, const Loaded& storage, const Stored& stored, std::string_view what);

// kUnsupported for another kind of key.
Result<crypto::PublicKey> public_key_of(const TPMT_PUBLIC& area);
// Part 1 §16, with SHA-256. `public_area` is a TPMT_PUBLIC.
Bytes name_of(ByteView public_area);

}  // namespace redoubt::tpm::internal
