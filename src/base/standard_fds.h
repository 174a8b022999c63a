// Standard descriptors, there or not.
#pragma once

#include <fcntl.h>
#include <unistd.h>

namespace redoubt {

// Puts /dev/null where standard input, output or error was closed. Otherwise the next file opened would take that
// number, and log lines would be written into it. Call first in main().
inline void fill_standard_fds() {
  int fd = ::open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO) fd = ::open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) ::close(fd);
}

}  // namespace redoubt
