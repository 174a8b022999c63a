// The stream of changes: each fact as it comes, as server-sent events.
//
//   id: 1041
//   event: identity.key.revoke
//   data: {"index":1041,"time":"…","kind":"identity.key.revoke","object":"key/k3…","version":3,"principal":"alice",…}
//
// `id` is the fact's index in the system log, so a reader that lost the connection goes on where it was
// (`Last-Event-ID`). An event says that and what something changed, not its content: whoever may see that reads it. A
// fact that changed nothing, because its precondition did not hold, is an event too; `version` says what it wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "admin/event_stream.h"
#include "admin/services.h"
#include "base/result.h"
#include "record/fact_record.h"

namespace redoubt::admin {

class ChangeEvents final : public EventSource {
 public:
  std::optional<Problem> begin(Call& call, std::string_view last) override;
  Result<bool> append(Call& call, std::string& out) override;

 private:
  std::uint64_t after_ = 0;
  record::FactReader reader_;
};

// The events of facts after `after`, at most kEventsAtOnce, appended to `out`. Returns the index up to which the log
// was read, to go on after: not `upto` when the last ones cannot be read yet. Other errors: those of the source.
Result<std::uint64_t> append_events(state::FactSource& source, std::uint64_t after, std::uint64_t upto,
                                    record::FactReader& reader, std::string& out);

// One event.
void append_event(std::string& out, std::uint64_t index, const record::Fact& fact);

}  // namespace redoubt::admin
