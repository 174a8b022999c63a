// What happens, before it has an index: exchanges and facts with their numbers, in any order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "behaviour/activity.h"
#include "behaviour/features.h"
#include "behaviour/simulation/organisation.h"

namespace redoubt::behaviour::simulation {

inline constexpr unsigned kNobody = 0xffff'ffff;

enum class Operation : std::uint8_t { kChat, kEmbed, kInfer, kTool, kList, kTune };

struct Event {
  std::int64_t time_ms = 0;
  std::uint64_t order = 0;  // of those at the same time
  record::Stage stage = record::Stage::kAdmission;
  unsigned member = kNobody;  // in Organisation::members
  int model = -1;             // -1: none; from 1000: a name that nobody knows
  Operation operation = Operation::kChat;
  Reason reason = Reason::kNone;
  Ending ending = Ending::kNone;
  std::uint64_t count = 1;
  std::uint64_t sources = 1;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::int64_t duration_ms = 0;
  int status = 0;
  int tool = -1;
  int data = -1;
  std::uint64_t rows = 0;
  std::string_view match;  // kind; empty: none
  std::string_view match_action;
  std::uint64_t match_count = 0;
  Change change = Change::kNone;
  std::uint64_t groups = 0;
  std::optional<Features> features;
  bool attack = false;
};

// A day's, or an attack's.
class Events {
 public:
  void add(Event event) {
    event.order = next_++;
    list_.push_back(std::move(event));
  }
  std::vector<Event>& list() { return list_; }

 private:
  std::vector<Event> list_;
  std::uint64_t next_ = 0;
};

// What an exchange is like; the two records that become of it are added.
struct Exchange {
  std::int64_t time_ms = 0;
  unsigned member = 0;
  int model = -1;
  Operation operation = Operation::kChat;
  std::uint64_t network = 0;
  std::uint64_t sketch = 0;  // 0: no text
  std::uint64_t fingerprint = 0;
  std::optional<TensorSummary> tensor;
  double bytes = 2000;
  double tokens = 500;
  int tool = -1;
  int data = -1;
  std::uint64_t rows = 0;
  std::string_view match;  // in the request
  std::string_view match_action = "none";
  std::string_view answer_match;  // in the answer
  std::string_view answer_action = "none";
  Ending ending = Ending::kCompleted;
  int status = 200;
  bool attack = false;
};
void add_exchange(Events& events, Random& random, const Exchange& exchange);
// One that is refused.
void add_denial(Events& events, const Exchange& exchange, Reason reason, std::uint64_t count = 1);

// Of a text that is like another: `bits` of its sketch differ.
std::uint64_t varied(Random& random, std::uint64_t sketch, unsigned bits);

// A day of everybody's, without attacks.
void make_day(const Organisation& organisation, std::uint64_t seed, unsigned day, Events& events);
// The tensor that a camera, a scanner or a patient would give: near one of the member's few kinds.
TensorSummary natural_tensor(Random& random, unsigned member);

}  // namespace redoubt::behaviour::simulation
