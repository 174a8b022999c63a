// The two seams by which the interface asks and tells: whether a call is permitted, and what must be on record.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/operation.h"
#include "base/clock.h"
#include "identity/identities.h"
#include "net/task.h"
#include "policy/entities.h"

namespace redoubt::admin {

// Who calls, of identities as they were when the call came.
struct Caller {
  identity::Identities identities;
  const identity::Key* key = nullptr;              // never null once somebody is known
  const identity::Principal* principal = nullptr;  // its holder
  std::string address;                             // numeric, or net::kLocalPeer
  bool tls = false;
  UnixMillis authenticated{};  // when they showed the key
};

// What is asked of the policies.
struct AdminRequest {
  const Caller& caller;
  std::string_view action;
  Resource resource;
  UnixMillis now;
};

struct AdminRuling {
  bool permit = false;
  std::vector<std::string> reasons;  // ids of the determining policies
  std::vector<std::string> errors;   // ids of those that could not be evaluated
};

// Decides. There is no default that permits: what cannot be decided is denied.
class AdminAuthorizer {
 public:
  virtual ~AdminAuthorizer() = default;
  virtual AdminRuling rule(const AdminRequest& request) = 0;
};

// The request in the terms of policies: for an authorizer that asks them. The context has `time`, `address` (empty for
// a caller of this machine), and how the caller proved who they are, as the schema of policies declares it.
struct CedarRequest {
  policy::Request request;
  policy::Entities entities;  // the caller with its groups, and the resource with its tenant
};
CedarRequest cedar_request(const AdminRequest& request);

// What is told to be recorded.
struct AdminEvent {
  const Caller* caller = nullptr;  // null: nobody known
  std::string_view address;
  std::string_view claimed;  // nobody known: id of the key that was shown; may be empty
  std::string_view method;
  std::string_view path;
  const Operation* operation = nullptr;  // null: there is none
  const AdminRuling* ruling = nullptr;   // null: it did not come to that
  int status = 0;
  std::string_view problem;  // name of the problem's type; empty for what was answered
  UnixMillis now;
};

// Puts on record what is no fact. Acts are facts and do not come here.
class AdminRecorder {
 public:
  virtual ~AdminRecorder() = default;
  // Somebody unknown, or a request that could not be read: to be counted, not recorded one by one. Does not wait.
  virtual void refused(const AdminEvent& event) = 0;
  // Somebody known was told no by policies. Recorded before they hear of it; an error is logged, and the answer is no
  // all the same.
  virtual net::Task<Result<>> denied(AdminEvent event) = 0;
  // Somebody is about to be shown what Operation::recorded marks. After an error they are not.
  virtual net::Task<Result<>> shown(AdminEvent event) = 0;
};

}  // namespace redoubt::admin
