// What an endpoint needs beside notify.toml: its secret, and authorities of its own.
#pragma once

#include <string>

#include "base/file.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "notify/settings.h"

namespace redoubt {

// Files are named from `dir`, unless their path is absolute. Takes the authorities into `endpoint`; returns the secret
// without what ends its line, or an empty one where the endpoint has none. Errors name the endpoint: of reading,
// kTooLarge.
Result<crypto::Secret> read_endpoint_files(FileSystem& fs, const std::string& dir, notify::Endpoint& endpoint);

}  // namespace redoubt
