// Two kinds of memory in a TPM: a counter that never goes back, and a digest that is only ever extended.
//
// The owner of a TPM (whoever has its owner authorisation, which is empty on most machines: then root) can delete both.
// What the TPM guarantees all the same:
//
// - A counter that is made again begins above the highest value that any counter of this TPM ever had (Part 1 §37.2).
//   So deleting it never brings an old value back, and what was superseded stays so.
// - A digest that is made again begins anew, and its name is the same as before. So its authorisation value is random,
//   and whoever makes it again does not know it: a read with the right value then fails. Keep that value sealed
//   (sealed_secret.h).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "tpm/tpm.h"

namespace redoubt::tpm {

// The handle of an NV index that an owner may give out (TCG Registry of Reserved TPM 2.0 Handles): 0x01800000 to
// 0x01bfffff.
using NvHandle = std::uint32_t;
inline constexpr NvHandle kFirstNvHandle = 0x0180'0000;
inline constexpr NvHandle kLastNvHandle = 0x01bf'ffff;

// The name (Part 1 §16) of the counter that create_counter() makes there. It is a function of the handle alone, so an
// approver needs no TPM to know it.
Bytes counter_name(NvHandle handle);

// Makes the counter and gives its first value, which is 1 only on a TPM that never had one. Errors: kInvalidArgument
// for a handle outside the range; kAlreadyExists when something is there.
Result<std::uint64_t> create_counter(Tpm& tpm, NvHandle handle);
// Errors: kNotFound when nothing is there; kVerifyFailed when it is something else.
Result<std::uint64_t> read_counter(Tpm& tpm, NvHandle handle);
// Adds one; gives the new value, which is durable. Errors: as read_counter().
Result<std::uint64_t> increment_counter(Tpm& tpm, NvHandle handle);

// Makes a digest there, SHA-256 of 64 zero bytes, which is reached with `authorisation`, 16 to 32 random bytes, alone.
// It crosses to the TPM encrypted. Errors: as create_counter().
Result<> create_history(Tpm& tpm, NvHandle handle, const crypto::Secret& authorisation);
// The digest becomes SHA-256 of itself and `digest`. Errors: as read_counter(); kPermissionDenied when the index has
// another authorisation value: it was deleted, and made again by somebody else.
Result<> extend_history(Tpm& tpm, NvHandle handle, const crypto::Secret& authorisation,
                        const crypto::Sha256Digest& digest);
// Errors: as extend_history().
Result<crypto::Sha256Digest> read_history(Tpm& tpm, NvHandle handle, const crypto::Secret& authorisation);

// Deletes a counter or history. Errors: kNotFound when nothing is there.
Result<> remove_nv_index(Tpm& tpm, NvHandle handle);

}  // namespace redoubt::tpm
