// Puts keys and policies in force on every core, and policies only once the ledger says so: by whom, and with which
// digest, is the admission of an exchange `policy.activate` that is durable before the first decision by them.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/access.h"
#include "gateway/internal/core.h"
#include "gateway/logs.h"

namespace redoubt::gateway::internal {

// On the first core's thread.
class Activation {
 public:
  // Sockets on which the file of API keys and the packed policies (pack_policies) are sent; `by`: who started the
  // program, for the record. All must outlive it.
  Activation(int keys_socket, int policies_socket, std::string by, const Logs& logs,
             const std::vector<std::unique_ptr<Core>>& cores);

  // Reads what was sent. Before any core runs. Errors: why there is nothing that could come into force.
  Result<> load();
  // Brings it into force as soon as the ledger takes records, then ends. `started` is called then, or after kPatience.
  net::Task<> begin(std::function<void()> started);
  // Reads what was sent since. What cannot be used changes nothing, and is logged.
  net::Task<> reload();
  void stop();

 private:
  static constexpr std::chrono::seconds kPatience{1};
  using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;

  Result<ApiKeys> receive_keys() const;
  Result<std::shared_ptr<const PolicyBundle>> receive_policies() const;
  net::Task<Result<>> activate(const std::shared_ptr<const Access>& next);
  void adopt(const std::shared_ptr<const Access>& next);

  const int keys_socket_;
  const int policies_socket_;
  const std::string by_;
  const Logs& logs_;
  const std::vector<std::unique_ptr<Core>>& cores_;
  Timer timer_;
  std::shared_ptr<const Access> wanted_;    // what was read last
  std::shared_ptr<const Access> in_force_;  // null until the first activation
  bool stopped_ = false;
};

}  // namespace redoubt::gateway::internal
