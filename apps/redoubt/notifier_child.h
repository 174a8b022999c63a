// The launcher's part of the notifier: starts it, and starts it again when it ends.
//
// The notifier reads secrets, so whose settings it gets is not for the gateway to say, which meets strangers: it gets
// a notify.toml that the launcher has read itself from the operator's folder. The gateway says which of those is in
// force, by its digest. It ends nobody with it: a notifier that is gone is told to the gateway, and started again at
// the pace of restart_pace.h.
//
// One thread, and no other in the process.
#pragma once

#include <sys/types.h>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "confine/privileges.h"
#include "redoubt/restart_pace.h"

namespace redoubt::app {

class NotifierChild {
 public:
  static constexpr std::size_t kOfferedMax = 8;  // settings that may still come into force

  // What each notifier is started with.
  struct Settings {
    std::string dir;
    std::optional<confine::UserIds> user;
    bool require_confinement = false;
  };

  // Opens the program that each notifier will run, and makes the ways between the processes. Before the gateway is
  // forked.
  Result<> prepare(Settings settings);
  // The gateway's ends; it takes them with it.
  int gateway_socket() const { return gateway_socket_.get(); }
  int gateway_wanted() const { return gateway_wanted_.get(); }
  UniqueFd take_gateway_socket() { return std::move(gateway_socket_); }
  UniqueFd take_gateway_wanted() { return std::move(gateway_wanted_); }
  // In the launcher, once there is a gateway.
  void close_gateway_ends();

  // What lies in the folder, and may come into force. Empty: there is none.
  void offer(std::string_view notify_toml);
  // The same, which may be in force already: secrets are read again.
  void restart();

  // Readable when the gateway has said what is in force.
  int wanted_fd() const { return wanted_.get(); }
  void hear_what_is_wanted();

  // Whether it was this child that ended.
  bool ended(pid_t child, int status);
  // When to call act() at the latest; nothing: not before something happens.
  std::optional<RestartPace::Time> wake_at() const;
  // Starts what is to be started.
  void act();

  // Starts nothing any more, and ends what there is.
  void stop();
  bool running() const { return pid_ > 0; }

 private:
  Result<> start();
  void end();
  const std::string* settings_of(const std::string& digest) const;
  void tell_gone(const std::string& why);

  Settings settings_;
  pid_t launcher_ = 0;
  Result<UniqueFd> program_ = UniqueFd();  // or why there is none, which only matters when a notifier is wanted
  UniqueFd gateway_socket_;
  UniqueFd gateway_wanted_;
  UniqueFd socket_;  // the notifier's end, inherited by each
  UniqueFd wanted_;
  std::deque<std::pair<std::string, std::string>> offered_;  // digest and text, the newest last
  std::string digest_;                                       // in force; empty: none
  pid_t pid_ = -1;
  bool ending_ = false;   // it was told to end
  bool stopped_ = false;  // nothing is started any more
  RestartPace pace_;
};

}  // namespace redoubt::app
