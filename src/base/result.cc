#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace redoubt {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return "invalid_argument";
    case Errc::kMalformed:
      return "malformed";
    case Errc::kTooLarge:
      return "too_large";
    case Errc::kNotFound:
      return "not_found";
    case Errc::kAlreadyExists:
      return "already_exists";
    case Errc::kUnauthenticated:
      return "unauthenticated";
    case Errc::kPermissionDenied:
      return "permission_denied";
    case Errc::kVerifyFailed:
      return "verify_failed";
    case Errc::kCorrupt:
      return "corrupt";
    case Errc::kResourceExhausted:
      return "resource_exhausted";
    case Errc::kUnavailable:
      return "unavailable";
    case Errc::kDeadlineExceeded:
      return "deadline_exceeded";
    case Errc::kCancelled:
      return "cancelled";
    case Errc::kIo:
      return "io";
    case Errc::kUnsupported:
      return "unsupported";
    case Errc::kConflict:
      return "conflict";
  }
  return "unknown";
}

Error Error::in(std::string_view context) const {
  std::string message(context);
  message += ": ";
  message += message_;
  return Error(code_, std::move(message));
}

Error errno_error(std::string_view what, int errno_value) {
  Errc code = Errc::kIo;
  if (errno_value == ENOENT) code = Errc::kNotFound;
  if (errno_value == EEXIST) code = Errc::kAlreadyExists;
  if (errno_value == EACCES || errno_value == EPERM) code = Errc::kPermissionDenied;
  std::string message(what);
  message += ": ";
  message += std::generic_category().message(errno_value);
  return Error(code, std::move(message));
}

}  // namespace redoubt
