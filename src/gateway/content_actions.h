// What is done about what inspection finds: by the annotations of the policies that permit (obligations.h).
//
// Values; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "inspect/match.h"

namespace redoubt::gateway {

// The strictest last.
enum class ContentAction : std::uint8_t {
  kNone,      // recorded, like every match
  kFlag,      // recorded as something to look at
  kTokenise,  // in a request: a placeholder goes upstream, and the caller gets the value back. In an answer: kRedact
  kRedact,    // its kind in angle brackets stands in its place
  kHold,      // waits for somebody's decision
  kBlock,     // ends it
};
std::string_view to_string(ContentAction action);  // `none`, `flag`, `tokenise`, `redact`, `hold`, `block`

// `credit_card` of the kind `CREDIT_CARD`: as policies and records name it.
std::string policy_name(std::string_view kind);

// By kinds and families, in lower case.
class ContentActions {
 public:
  bool empty() const { return by_name_.empty(); }
  // Whether any of it does more than to record.
  bool any_acts() const;
  // The stricter of what was there and this.
  void add(std::string_view name, ContentAction action);
  void add(const ContentActions& other);
  // Somebody has released what was to be held: it is flagged instead.
  void release_holds();
  // The stricter of what is due for its kind and for its family.
  ContentAction of(const inspect::Match& match) const;
  ContentAction of(std::string_view kind, inspect::Family family) const;  // the kind as rules name it
  const std::map<std::string, ContentAction, std::less<>>& by_name() const { return by_name_; }

 private:
  std::map<std::string, ContentAction, std::less<>> by_name_;
};

}  // namespace redoubt::gateway
