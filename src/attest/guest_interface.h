// What a guest asks its kernel for when it has itself attested: pseudo-files and device requests, as an interface so
// that tests can answer in a machine's place.
//
// This is not base::FileSystem: nothing here is durable, a write is one call, and its failure may show at close.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::attest {

// Calls may wait for the machine, seconds in all: never on a thread that serves requests. One thread at a time.
class GuestInterface {
 public:
  virtual ~GuestInterface() = default;

  virtual bool exists(const std::string& path) = 0;
  // The whole file, read to its end. kTooLarge above `limit` bytes; kNotFound, kPermissionDenied, kIo.
  virtual Result<Bytes> read(const std::string& path, std::size_t limit) = 0;
  // The bytes in one write to a file that is there. Errors as read(); what close() reports is one of them.
  virtual Result<> write(const std::string& path, ByteView bytes) = 0;
  virtual Result<> make_directory(const std::string& path) = 0;
  virtual Result<> remove_directory(const std::string& path) = 0;
  // ioctl(2) on a device: `argument` is the structure of the kernel's interface that `request` names, and holds what
  // the kernel answered after a failure, too.
  virtual Result<> control(const std::string& path, unsigned long request, void* argument) = 0;
};

// Linux itself.
class LinuxGuestInterface final : public GuestInterface {
 public:
  bool exists(const std::string& path) override;
  Result<Bytes> read(const std::string& path, std::size_t limit) override;
  Result<> write(const std::string& path, ByteView bytes) override;
  Result<> make_directory(const std::string& path) override;
  Result<> remove_directory(const std::string& path) override;
  Result<> control(const std::string& path, unsigned long request, void* argument) override;
};

}  // namespace redoubt::attest
