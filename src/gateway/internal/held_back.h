// What callers are told whom a response to an incident holds back, and by what name their network is known to
// responses.
#pragma once

#include <string>
#include <string_view>

#include "gateway/recorder.h"
#include "incident/restrictions.h"

namespace redoubt::gateway::internal {

// What the address's network is called where responses name it; empty when none is held back, and when it is not known.
std::string network_of(const Recorder& recorder, const incident::Restrictions& held, std::string_view address);

// How one is answered whom a response to an incident stops.
struct HeldBackAnswer {
  std::string_view code;     // `suspended`, `session_revoked`, `step_up_required`, `quarantined`
  std::string_view message;  // static, too
};
// Precondition: it ends what is under way, wants a second factor or has requests wait.
HeldBackAnswer held_back_answer(const incident::Restriction& held);

}  // namespace redoubt::gateway::internal
