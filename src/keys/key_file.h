// Private keys in files: text of one line, readable by their owner alone.
//
// A line `redoubt-KIND-v1 BASE64`. The kind is part of the file, so that a key is never taken for another. A folder of
// keys that rests encrypted is a key_store.h.
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

// A new file that its owner alone reads, mode 0600, synced with its folder. kAlreadyExists rather than replacing one.
Result<> create_private_file(const std::string& path, std::string_view text);

// The text of such a file, of at most kPrivateFileBytesMax. kNotFound; kPermissionDenied when the file is readable by
// group or others; kTooLarge; kIo, also for a link.
inline constexpr std::size_t kPrivateFileBytesMax = 4096;
Result<crypto::Secret> read_private_file(const std::string& path);

}  // namespace redoubt::keys
