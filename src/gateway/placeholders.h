// Values that a model server does not get, and what stands for them: made for one request, and forgotten with its
// answer. A conversation is one request: its caller sends all of it each time, with the values in it.
//
//   placeholders.stand_in("CREDIT_CARD", "4111 1111 1111 1111")   // `CREDIT_CARD_Q7M2XK4D3F`; the same again, the same
//
// Whoever does not know what a request's placeholders are cannot make one up: 50 bits of each are random.
//
// One thread. Values are wiped at the end.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/random_pool.h"
#include "gateway/restore_permits.h"

namespace redoubt::gateway {

class Placeholders {
 public:
  // `random` must outlive it.
  explicit Placeholders(crypto::RandomPool& random) : random_(random) {}
  ~Placeholders();
  Placeholders(const Placeholders&) = delete;
  Placeholders& operator=(const Placeholders&) = delete;

  // Valid as long as this. `kind`: as the rules name it.
  const std::string& stand_in(std::string_view kind, std::string_view value);
  // What the word stands for; null when it is no placeholder.
  const std::string* value_of(std::string_view word) const;

  // Where values may be put back; at first in prose alone.
  void permit(RestorePermits permits) { permits_ = permits; }
  const RestorePermits& permits() const { return permits_; }

  bool empty() const { return values_.empty(); }
  std::size_t longest() const { return longest_; }  // of the placeholders, in bytes

  // What placeholders are made of, and what ends them.
  static bool is_part(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

 private:
  crypto::RandomPool& random_;
  std::map<std::string, std::string, std::less<>> values_;  // by placeholder
  std::size_t longest_ = 0;
  RestorePermits permits_;
};

// Puts values back where their placeholders stand in a text that arrives in pieces, however it is cut.
//
// Not everywhere: what stands in a link or an image would be sent to wherever that leads, so there a placeholder stays,
// unless that is permitted (restore_permits.h). A placeholder that is only a part of a word is none.
//
// `placeholders` must outlive it. One thread.
class Restorer {
 public:
  // kJson: of arguments of tools. A value is put there as a part of a JSON string, so that it ends none.
  enum class Form { kProse, kJson };
  explicit Restorer(const Placeholders& placeholders, Form form = Form::kProse)
      : placeholders_(placeholders), form_(form) {}

  // Half open, in bytes of what was given out since the beginning.
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  // Appends to `out` what is certain now, and to `restored` where in all of the output values were put.
  void feed(std::string_view piece, std::string& out, std::vector<Range>& restored);
  // The text has ended: all the rest.
  void finish(std::string& out, std::vector<Range>& restored);
  // Whether something is not given out yet.
  bool waits() const { return !word_.empty(); }

 private:
  class LinkWatch {
   public:
    void add(char c);
    bool inside() const { return in_url_ || in_destination_ > 0 || in_tag_ == Tag::kAttributes; }

   private:
    enum class Tag : std::uint8_t { kNone, kOpened, kName, kAttributes };
    bool in_url_ = false;     // the word so far is, or has in it, an address
    int in_destination_ = 0;  // of `[text](destination)`: how many parentheses are open
    Tag in_tag_ = Tag::kNone;
    std::string word_;  // its last characters
  };

  void take(char c, std::string& out, std::vector<Range>& restored);
  void put(std::string_view text, std::string& out);
  // What waits is a placeholder or none, and is given out.
  void settle(bool plain, std::string& out, std::vector<Range>& restored);

  const Placeholders& placeholders_;
  const Form form_;
  LinkWatch links_;
  std::string word_;          // what may yet become a placeholder
  char after_ = 0;            // `.`, `:` or `\` behind a whole one, until what follows is known; 0: none
  bool escaped_ = false;      // the character before it is a backslash of JSON
  bool inside_word_ = false;  // the character before `word_` belongs to the same word, so that it is none
  std::uint64_t given_ = 0;
};

}  // namespace redoubt::gateway
