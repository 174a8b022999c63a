// Hands a file's content to a process that may not open it: the descriptor travels over a Unix socket.
//
// The receiver needs no right to the file or its folder, only to the descriptor; whoever may open files decides which.
// A socket is one end of socketpair(AF_UNIX, SOCK_SEQPACKET).
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace redoubt {

// Opens `path` for reading and sends it. Never blocks: kResourceExhausted when the receiver has taken none for long.
// Errors of opening; kInvalidArgument when it is not a regular file; kUnavailable when the receiver is gone.
Result<> send_file(int socket, const std::string& path);

// The same with a file in memory that holds `bytes` and can no longer be altered.
Result<> send_bytes(int socket, ByteView bytes);

// The same with what is open already, which may be a socket; `fd` stays the caller's.
Result<> send_open_file(int socket, int fd);

// The file sent last, as it was opened; those before it are dropped. Never blocks: kNotFound when none was sent.
// kMalformed for a message without exactly one descriptor.
Result<UniqueFd> receive_open_file(int socket);

// Its content. Errors: as receive_open_file; kTooLarge above `limit` bytes.
Result<Bytes> receive_file(int socket, std::uint64_t limit);

}  // namespace redoubt
