// What a limit is, and which limits apply to whom: how much anyone may use of requests, tokens, bytes and money.
//
//   Limits limits = Limits().with({.id = "everyone", .subject = "*", .quantity = Quantity::kRequests,
//                                  .period = Period::kMinute, .amount = 60});
//
//   Limits (what is allowed: facts, a snapshot)  ×  Meters (what was used: shared by all cores, meters.h)
//
// A bucket refills steadily, `amount` a period, and holds `burst`. A window is one of the calendar, in UTC: a minute,
// an hour, a day, a month; what is left of it at its end is gone.
//
// All limits that apply to a caller count together, each for itself: a request passes when none of them refuses it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace redoubt::limits {

enum class Quantity : std::uint8_t { kRequests, kTokens, kBytesOut, kMoney };  // money: millionths of the currency unit
inline constexpr std::size_t kQuantities = 4;
std::string_view to_string(Quantity quantity);  // `requests`, `tokens`, `bytes_out`, `money`

enum class SubjectType : std::uint8_t { kKey, kPrincipal, kGroup, kTenant, kModel };
inline constexpr std::size_t kSubjectTypes = 5;
std::string_view to_string(SubjectType type);  // `key`, `principal`, `group`, `tenant`, `model`

enum class Period : std::uint8_t { kSecond, kMinute, kHour, kDay, kMonth };
inline constexpr std::size_t kPeriods = 5;
std::string_view to_string(Period period);  // `second`, `minute`, `hour`, `day`, `month`

// The word, as to_string() writes it. kInvalidArgument naming what it should be.
Result<Quantity> parse_quantity(std::string_view word);
Result<SubjectType> parse_subject_type(std::string_view word);
Result<Period> parse_period(std::string_view word);

inline constexpr std::uint64_t kAmountMax = 10'000'000'000'000;  // ten million units of a currency a period
inline constexpr std::size_t kLimitIdMax = 64;                   // bytes
inline constexpr std::size_t kSubjectMax = 256;                  // bytes, as of a model's name
inline constexpr std::string_view kEach = "*";

struct Limit {
  std::string id;  // 1 to kLimitIdMax of a-z A-Z 0-9 . _ -
  SubjectType subject_type = SubjectType::kPrincipal;
  // 1 to kSubjectMax bytes of UTF-8 without control characters. `*`: each subject of the type has this limit for
  // itself, unless it has one of its own of the same shape (quantity, bucket or not, period).
  std::string subject;
  Quantity quantity = Quantity::kRequests;
  bool bucket = false;  // false: a calendar window
  // A window has no second. A bucket's month has 30 days.
  Period period = Period::kMinute;
  std::uint64_t amount = 0;  // a period, 0 to kAmountMax; 0: nothing at all
  std::uint64_t burst =
      0;  // of a bucket, at once; 0: as much as amount. Refills within kRefillMaxMs. A window has none
  std::uint64_t version = 0;  // of the object `limit/ID`

  friend bool operator==(const Limit&, const Limit&) = default;
};

inline constexpr std::int64_t kRefillMaxMs = 31LL * 24 * 3600 * 1000;

// Whether it has the form described above. kInvalidArgument with what is wrong.
Result<> check(const Limit& limit);

// What an exchange used, or may use.
struct Use {
  std::uint64_t requests = 0;
  std::uint64_t tokens = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t money = 0;

  std::uint64_t of(Quantity quantity) const;
  friend bool operator==(const Use&, const Use&) = default;
};

// Money for what has no price: no limit of money lets it pass, and it concerns no other limit.
inline constexpr std::uint64_t kUnpriced = ~std::uint64_t{0};

// Who and what an exchange touches; empty: none. Views are read during the call only.
struct Subjects {
  std::string_view key;
  std::string_view principal;
  std::span<const std::string> groups;  // all, direct or not
  std::string_view tenant;
  std::string_view model;
};

struct Rule;  // a limit and what is computed from it once: internal/rule.h
using Rules = std::span<const Rule>;

// All limits in force, immutable. Copies share; with() and without() copy about a thousandth of it. Any thread.
class Limits {
 public:
  Limits();  // none
  // `limit` added, or in place of the one with its id. Precondition: check(limit), and no other limit of the same
  // subject has its shape (taken()).
  Limits with(Limit limit) const;
  Limits without(std::string_view id) const;
  // Many at once, with distinct ids; preconditions as of with() for each.
  static Limits of(std::span<const Limit> limits);

  // Valid as long as this object or a copy. Null when there is none.
  const Limit* find(std::string_view id) const;
  // The limit of the same subject and shape; null when there is none, or only one with the same id.
  const Limit* taken(const Limit& limit) const;
  std::size_t size() const;
  // Whether any limit is of subjects of this type.
  bool any_of(SubjectType type) const;
  // All, in the order of their ids. For lists, not for the request path.
  std::vector<const Limit*> all() const;

  // Own rules of the subject, and those that each of its type has. For Meters. Valid as find().
  struct Applying {
    Rules own;
    Rules each;
  };
  // For who needs the limits of several subjects: prefetch() for all of them asks memory for what applying() looks at
  // first, which takes what prefetch() returned for the same.
  std::uint64_t prefetch(SubjectType type, std::string_view subject) const;
  Applying applying(SubjectType type, std::string_view subject, std::uint64_t prefetched) const;

 private:
  struct Data;
  explicit Limits(std::shared_ptr<const Data> data);
  std::shared_ptr<const Data> data_;
};

}  // namespace redoubt::limits
