// What inspection found in a request or an answer, counted by kind and by who said it: for policies, which are asked by
// names, and for records. Never content.
//
// A value; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/content_actions.h"
#include "gateway/text_places.h"
#include "inspect/match.h"
#include "record/exchange_record.h"

namespace redoubt::gateway {

class Findings {
 public:
  // True when it is the first of its kind.
  bool add(const inspect::Match& match, Where where);
  bool empty() const { return counts_.empty(); }

  // Kinds and families, each once, in lower case; valid until the next add().
  std::vector<std::string_view> names() const;
  // The strictest that is due for any of it.
  ContentAction strictest(const ContentActions& actions) const;
  // In the order of finding. Valid until the next add().
  std::vector<record::MatchCount> counts(const ContentActions& actions) const;
  // `credit_card,us_ssn`: what is to be held, in order of the names.
  std::string held(const ContentActions& actions) const;
  // `2 credit_card, 1 email_address`: those of which at least `action` is due, at most `max` characters.
  std::string in_words(const ContentActions& actions, ContentAction action, std::size_t max) const;

 private:
  struct Count {
    std::string_view kind;  // as the rules name it, and as long-lived
    inspect::Family family;
    Where where;
    std::string name;
    std::uint64_t count = 0;
  };
  std::vector<Count> counts_;
};

}  // namespace redoubt::gateway
