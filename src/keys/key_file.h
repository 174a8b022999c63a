// Private keys in files: text of one line, readable by their owner alone.
//
// A line `redoubt-KIND-v1 BASE64`. The kind is part of the file, so that a key is never taken for another. Sealing
// these files to a TPM or an enclave replaces this module's plain form; callers keep the same two calls.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/secret.h"

namespace redoubt::keys {

// Writes a new file, mode 0600, synced with its folder. kAlreadyExists rather than replacing a key.
Result<> create_key_file(const std::string& path, std::string_view kind, const crypto::Secret& key);

// The key. kNotFound; kPermissionDenied when the file is readable by group or others; kMalformed for another kind,
// length (`size_bytes`) or form.
Result<crypto::Secret> load_key_file(const std::string& path, std::string_view kind, std::size_t size_bytes);

}  // namespace redoubt::keys
