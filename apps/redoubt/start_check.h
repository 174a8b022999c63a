// Whether a server would start with a configuration. With a TPM it starts with no other than the one in force: what it
// would not start with must not come into force, by whichever way.
//
// The launcher can tell, who starts it. The gateway, which can see neither users nor devices nor the keeper's folder,
// asks it about what comes by /admin/v1: a message with what is needed, a message with the answer.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "redoubt/layout.h"
#include "redoubt/settings.h"

namespace redoubt::app {

// What of a configuration the machine must have.
struct StartNeeds {
  std::string tpm;  // as Settings has them
  std::string keeper_user;
  std::string gateway_user;
  std::string notifier_user;
  std::string attester_user;
  CpuSettings cpu;

  static StartNeeds of(const Settings& settings);

  // A line each; of `cpu` the kind alone, since the launcher looks into no place that the gateway names.
  std::string format() const;
  // From the gateway, which is not believed: kTooLarge above kBytesMax, kMalformed for another form, also for what
  // `enclave.tpm` and `enclave.cpu` cannot be.
  static constexpr std::size_t kBytesMax = 4096;
  static Result<StartNeeds> parse(std::string_view text);
  friend bool operator==(const StartNeeds&, const StartNeeds&) = default;
};

// Whether it is there. Errors: those of find_process_users(), check_tpm() and check_processor(); kInvalidArgument when
// keys are sealed and there is to be no TPM.
Result<> check_start(const Layout& layout, const StartNeeds& needs);

// The gateway's end. One thread.
class StartQuestion {
 public:
  static constexpr std::size_t kAnswerBytesMax = 4096;

  StartQuestion() = default;
  explicit StartQuestion(UniqueFd socket) : socket_(std::move(socket)) {}

  // As check_start(), by the launcher, for which it waits, some seconds at most. Errors: kInvalidArgument, with what it
  // said; kUnavailable when it does not answer.
  Result<> ask(const StartNeeds& needs) const;

 private:
  UniqueFd socket_;
};

// The launcher's end. One thread.
class StartAnswers {
 public:
  // Makes the way between the two. Before the gateway is forked.
  Result<> prepare();
  int gateway_socket() const { return gateway_.get(); }
  UniqueFd take_gateway_socket() { return std::move(gateway_); }
  // In the launcher, once there is a gateway.
  void close_gateway_end() { gateway_.reset(); }

  // Readable when there is a question; -1 when nobody asks any more.
  int fd() const { return launcher_.get(); }
  // Answers what was asked. Never blocks.
  void answer(const Layout& layout);

 private:
  UniqueFd launcher_;
  UniqueFd gateway_;
};

}  // namespace redoubt::app
