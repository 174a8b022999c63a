// The certificate that callers see: got before the first connection, replaced on every core and in the administration
// in time, without touching the connections there are.
//
// From the keeper: the key is made here and lives in memory alone; the keeper certifies it for a day at most; at half
// of that time a new key takes its place. From files: they are read at start and on SIGHUP. When a certificate ends and
// no other has come, the cores take no connections (Core::set_tls()).
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "gateway/internal/core.h"
#include "net/tls_server.h"

namespace redoubt::gateway::internal {

// On the first core's thread.
class TlsIdentity {
 public:
  // All must outlive the identity.
  TlsIdentity(const TlsSettings& settings, const Clock& clock, const std::vector<std::unique_ptr<Core>>& cores,
              Administration& administration);

  // Gets the first certificate and gives it to every core. Before any core runs; runs the first one's loop meanwhile.
  // Errors: of the files, or why the keeper refused; kUnavailable when it does not answer.
  Result<> obtain_first();
  // Replaces the keeper's certificates until stop(). After obtain_first(); must have ended before the identity goes.
  net::Task<> keep_fresh();
  // Reads the files again; a pair that cannot be used changes nothing.
  void reload();
  void stop();

 private:
  using Context = std::shared_ptr<const net::TlsServerContext>;
  using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;

  struct Answer;

  bool from_files() const { return !settings_.certificate_path.empty(); }
  Result<Context> load_files() const;
  net::Task<Result<Context>> obtain();
  net::Task<> obtain_into(std::shared_ptr<Result<Context>> out);
  void adopt(const Context& context);
  net::Task<> wait_until(UnixMillis time);

  const TlsSettings& settings_;
  const Clock& clock_;
  const std::vector<std::unique_ptr<Core>>& cores_;
  Administration& administration_;
  Timer timer_;
  UnixMillis renew_at_;
  bool stopped_ = false;
};

}  // namespace redoubt::gateway::internal
