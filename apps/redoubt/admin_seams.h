// What the administrative interface asks and tells, answered by the cores' own parts: the policies in force, and
// records in the ledger.
#pragma once

#include <memory>

#include "admin/authorizer.h"
#include "gateway/denial_counter.h"
#include "gateway/recorder.h"
#include "incident/restrictions.h"
#include "redoubt/bundle_files.h"

namespace redoubt::app {

// By the bundle in force; while there is none, the answer is no. Whom a response to an incident stops is told no
// before. The administration's thread.
class PolicyAuthorizer final : public admin::AdminAuthorizer {
 public:
  // `in_force`, null for none, and `held` are looked at for each question; they must outlive the authorizer.
  PolicyAuthorizer(const std::shared_ptr<const LoadedBundle>& in_force, const incident::Restrictions& held)
      : in_force_(in_force), held_(held) {}
  admin::AdminRuling rule(const admin::AdminRequest& request) override;

 private:
  const std::shared_ptr<const LoadedBundle>& in_force_;
  const incident::Restrictions& held_;
};

// Acts are facts; here come the others: refusals of strangers, counted together; denials; and readings of what is
// personal, each an exchange. All in the system log.
class LedgerRecorder final : public admin::AdminRecorder {
 public:
  // All must outlive it.
  LedgerRecorder(gateway::Recorder& recorder, gateway::DenialCounter& denials,
                 const std::shared_ptr<const LoadedBundle>& in_force)
      : recorder_(recorder), denials_(denials), in_force_(in_force) {}

  void refused(const admin::AdminEvent& event) override;
  net::Task<Result<>> denied(admin::AdminEvent event) override;
  net::Task<Result<>> shown(admin::AdminEvent event) override;

 private:
  // What facts point into.
  struct Told {
    std::shared_ptr<const LoadedBundle> bundle;
    std::string policies;
  };
  record::ExchangeFacts facts(const admin::AdminEvent& event, Told& told) const;

  gateway::Recorder& recorder_;
  gateway::DenialCounter& denials_;
  const std::shared_ptr<const LoadedBundle>& in_force_;
};

}  // namespace redoubt::app
