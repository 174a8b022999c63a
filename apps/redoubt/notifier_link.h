// The server's end of what it says to the notifier, and to the launcher, which starts one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace redoubt::app {

class NotifierLink {
 public:
  virtual ~NotifierLink() = default;
  // One message of notify/wire.h; false when there is no room for it now. Does not wait.
  virtual bool send(std::string_view message) = 0;
  // The next one, as it came; nothing when there is none now. Does not wait.
  virtual std::optional<std::string> receive() = 0;
  // Which notify.toml is in force: 64 hexadecimal digits of its SHA-256, or nothing. False as for send().
  virtual bool want(std::string_view digest) = 0;
};

// What the launcher is told when no notify.toml is in force.
inline constexpr std::string_view kNoNotifier = "----------------------------------------------------------------";

// `socket`: one end of a pair of SOCK_SEQPACKET; `wanted`: the writing end of a pipe. One thread.
class SocketNotifierLink final : public NotifierLink {
 public:
  SocketNotifierLink(UniqueFd socket, UniqueFd wanted);
  bool send(std::string_view message) override;
  std::optional<std::string> receive() override;
  bool want(std::string_view digest) override;

 private:
  const UniqueFd socket_;
  const UniqueFd wanted_;
  std::vector<char> buffer_;
};

}  // namespace redoubt::app
