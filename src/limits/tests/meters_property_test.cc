// Meters against the naive ones, on random limits, callers, uses and times.
#include <gtest/gtest.h>

#include <random>

#include "limits/meters.h"
#include "limits/tests/naive_meters.h"
#include "limits/tests/support.h"

namespace redoubt::limits {
namespace {

struct Names {
  std::string key, principal, tenant, model;
  std::vector<std::string> groups;
  Subjects subjects() const {
    return {.key = key, .principal = principal, .groups = groups, .tenant = tenant, .model = model};
  }
};

// An exchange in both worlds.
struct Exchange {
  Names names;
  Admission admission;
  std::vector<naive::Applied> applied;
  std::vector<naive::Charge> charges;  // one for each applied
  Use charged;
  Use used;
  Use before;
};

class Worlds {
 public:
  explicit Worlds(std::uint64_t seed) : random_(seed), meters_(kTestKey, 4096) {
    for (int i = 0; i < 12; ++i) add_limit();
  }

  void step() {
    switch (pick(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return admit();
      case 4:
      case 5:
      case 6:
        return add();
      case 7:
      case 8:
        return end();
      case 9:
        return follow();
      case 10:
        meters_.sweep(now_);
        return;
      default:
        // Forwards; what happens when it goes back is tested with meter_state.h.
        now_.value += static_cast<std::int64_t>(pick(4) != 0 ? pick(3000) : pick(4'000'000));
        if (pick(50) == 0) now_.value += static_cast<std::int64_t>(pick(20)) * 86'400'000;
    }
  }

  // Whether both worlds have the same left of every limit for everybody.
  void compare() {
    for (const Exchange& exchange : exchanges_) {
      for (const naive::Applied& limit : exchange.applied) {
        const std::uint64_t exact = naive_.remaining(limit, now_);
        const std::uint64_t ours = meters_.standing(limit.limit, limit.subject, now_).remaining;
        if (!limit.limit.bucket) {
          ASSERT_EQ(ours, exact) << limit.limit.id << " " << limit.subject;
        } else {
          ASSERT_LE(ours, exact + 1) << limit.limit.id << " " << limit.subject;
          ASSERT_LE(exact, ours + 1) << limit.limit.id << " " << limit.subject;
        }
      }
    }
  }

  int admitted = 0;
  int refused = 0;
  int stopped = 0;

 private:
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }

  void add_limit() {
    Limit limit{.id = "l" + std::to_string(next_id_++),
                .subject_type = static_cast<SubjectType>(pick(kSubjectTypes)),
                .subject = pick(2) == 0 ? "*" : std::string(1, static_cast<char>('a' + pick(3))),
                .quantity = static_cast<Quantity>(pick(kQuantities)),
                .bucket = pick(2) == 0,
                .amount = pick(20) == 0 ? 0 : 1 + pick(400)};
    limit.period = static_cast<Period>(limit.bucket ? pick(kPeriods) : 1 + pick(kPeriods - 1));
    if (limit.bucket && limit.amount != 0 && pick(2) == 0) limit.burst = 1 + pick(limit.amount);
    ASSERT_TRUE(check(limit));
    if (in_force_->taken(limit) != nullptr) return;
    change(in_force_->with(limit));
    list_.push_back(limit);
  }
  // Snapshots are kept: admissions refer to them.
  void change(Limits next) {
    kept_.push_back(std::make_unique<Limits>(std::move(next)));
    in_force_ = kept_.back().get();
  }

  Names names() {
    const auto name = [&] { return pick(8) == 0 ? std::string() : std::string(1, static_cast<char>('a' + pick(4))); };
    Names names{name(), name(), name(), name(), {}};
    for (char group = 'a'; group < 'd'; ++group) {
      if (pick(3) == 0) names.groups.emplace_back(1, group);
    }
    return names;
  }
  Use use(std::uint64_t most) { return {.tokens = pick(most), .bytes_out = pick(most), .money = pick(most)}; }

  // What the naive world says to a charge; when all fit, by how little does not matter.
  bool all_fit(Exchange& exchange, const Use& more, bool admitting, std::int64_t slack) {
    return std::all_of(exchange.applied.begin(), exchange.applied.end(), [&](const naive::Applied& limit) {
      const std::uint64_t n = more.of(limit.limit.quantity);
      if (n == 0 && !admitting) return true;
      return naive_.fits(limit, std::max<std::uint64_t>(n, 1), now_, slack);
    });
  }
  void charge_all(Exchange& exchange, const Use& more) {
    for (std::size_t i = 0; i < exchange.applied.size(); ++i) {
      const std::uint64_t n = more.of(exchange.applied[i].limit.quantity);
      if (n != 0) naive_.charge(exchange.applied[i], n, now_, exchange.charges[i]);
    }
  }

  void admit() {
    Exchange exchange{.names = names()};
    Use estimate = use(60);
    estimate.requests = 1;
    exchange.applied = naive::applied(list_, exchange.names.subjects());
    exchange.charges.resize(exchange.applied.size());
    exchange.admission = meters_.admit(*in_force_, exchange.names.subjects(), estimate, now_);
    const bool ours = static_cast<bool>(exchange.admission);
    // Buckets may refuse what would fit by a few nanoseconds, and never let pass what does not.
    if (ours) {
      ASSERT_TRUE(all_fit(exchange, estimate, true, 0));
      ++admitted;
      charge_all(exchange, estimate);
      exchange.charged = estimate;
      exchange.used.requests = 1;
      exchanges_.push_back(std::move(exchange));
    } else {
      ASSERT_FALSE(all_fit(exchange, estimate, true, -1));
      ++refused;
      check_refusal(exchange, estimate);
    }
  }

  // The limit that is named refuses indeed, and none that applies says to wait longer.
  void check_refusal(Exchange& exchange, const Use& more) {
    const Refusal& refusal = exchange.admission.refusal();
    ASSERT_EQ(refusal.why, Refusal::Why::kLimit);
    // What a bucket owes beyond 400 days is cut, and by nobody naive.
    if (!refusal.retry_after_ms || *refusal.retry_after_ms > 300LL * 86'400'000) return;
    const UnixMillis then = {now_.value + *refusal.retry_after_ms};
    naive::Meters at_that_time = naive_;
    for (const naive::Applied& limit : exchange.applied) {
      const std::uint64_t n = more.of(limit.limit.quantity);
      ASSERT_TRUE(at_that_time.fits(limit, std::max<std::uint64_t>(n, 1), then)) << limit.limit.id;
    }
  }

  void add() {
    if (exchanges_.empty()) return;
    Exchange& exchange = exchanges_[pick(exchanges_.size())];
    const Use flow = use(40);
    const auto more_of = [&](std::uint64_t used, std::uint64_t flows, std::uint64_t charged) {
      return used + flows > charged ? used + flows - charged : 0;
    };
    const Use more = {.tokens = more_of(exchange.used.tokens, flow.tokens, exchange.charged.tokens),
                      .bytes_out = more_of(exchange.used.bytes_out, flow.bytes_out, exchange.charged.bytes_out),
                      .money = more_of(exchange.used.money, flow.money, exchange.charged.money)};
    const bool was_running = static_cast<bool>(exchange.admission);
    const bool ours = exchange.admission.add(flow, now_);
    if (!was_running) {
      ASSERT_FALSE(ours);
      return;
    }
    if (!ours) {
      ASSERT_FALSE(all_fit(exchange, more, false, -1));
      ++stopped;
      return;
    }
    ASSERT_TRUE(all_fit(exchange, more, false, 0));
    charge_all(exchange, more);
    exchange.charged = {.requests = exchange.charged.requests,
                        .tokens = exchange.charged.tokens + more.tokens,
                        .bytes_out = exchange.charged.bytes_out + more.bytes_out,
                        .money = exchange.charged.money + more.money};
    exchange.used = {.requests = exchange.used.requests,
                     .tokens = exchange.used.tokens + flow.tokens,
                     .bytes_out = exchange.used.bytes_out + flow.bytes_out,
                     .money = exchange.used.money + flow.money};
  }

  void settle_to(Exchange& exchange, const Use& real) {
    for (std::size_t i = 0; i < exchange.applied.size(); ++i) {
      const Quantity quantity = exchange.applied[i].limit.quantity;
      const std::uint64_t was = exchange.charged.of(quantity);
      const std::uint64_t is = real.of(quantity);
      if (is < was) naive_.give_back(exchange.applied[i], was - is, now_, exchange.charges[i]);
      naive::Charge unused;
      if (is > was && exchange.applied[i].limit.amount != 0) naive_.charge(exchange.applied[i], is - was, now_, unused);
    }
  }

  void end() {
    if (exchanges_.empty()) return;
    const std::size_t which = pick(exchanges_.size());
    Exchange& exchange = exchanges_[which];
    if (pick(3) == 0) {
      // The time of destruction is that of the last call.
      exchange.admission.add({}, now_);
      settle_to(exchange, exchange.used);
    } else {
      Use real = use(120);
      exchange.admission.settle({.tokens = real.tokens + exchange.before.tokens,
                                 .bytes_out = real.bytes_out + exchange.before.bytes_out,
                                 .money = real.money + exchange.before.money},
                                now_);
      real.requests = exchange.charged.requests;
      settle_to(exchange, real);
    }
    exchanges_.erase(exchanges_.begin() + static_cast<std::ptrdiff_t>(which));
  }

  void follow() {
    if (exchanges_.empty()) return;
    if (pick(4) == 0) add_limit();
    Exchange& exchange = exchanges_[pick(exchanges_.size())];
    if (!exchange.admission) return;
    exchange.admission.follow(*in_force_, exchange.names.subjects(), now_);
    settle_to(exchange, exchange.used);
    exchange.before = {.tokens = exchange.before.tokens + exchange.used.tokens,
                       .bytes_out = exchange.before.bytes_out + exchange.used.bytes_out,
                       .money = exchange.before.money + exchange.used.money};
    exchange.charged = {};
    exchange.used = {};
    exchange.applied = naive::applied(list_, exchange.names.subjects());
    exchange.charges.assign(exchange.applied.size(), {});
  }

  std::mt19937_64 random_;
  UnixMillis now_ = date(2028, 2, 28, 23, 58);
  int next_id_ = 0;
  std::vector<std::unique_ptr<Limits>> kept_ = make_kept();
  const Limits* in_force_ = kept_.back().get();
  std::vector<Limit> list_;
  Meters meters_;
  naive::Meters naive_;
  std::vector<Exchange> exchanges_;

  static std::vector<std::unique_ptr<Limits>> make_kept() {
    std::vector<std::unique_ptr<Limits>> kept;
    kept.push_back(std::make_unique<Limits>());
    return kept;
  }
};

TEST(MetersProperty, AreWhatTheNaiveOnesAre) {
  const std::uint64_t first_seed = std::random_device{}();
  int admitted = 0;
  int refused = 0;
  int stopped = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Worlds worlds(seed);
    for (int i = 0; i < 400; ++i) {
      SCOPED_TRACE("step " + std::to_string(i));
      worlds.step();
      if (!testing::Test::HasFatalFailure()) worlds.compare();
      if (testing::Test::HasFatalFailure()) return;
    }
    admitted += worlds.admitted;
    refused += worlds.refused;
    stopped += worlds.stopped;
  }
  // The worlds are worth comparing.
  EXPECT_GT(admitted, 1000);
  EXPECT_GT(refused, 1000);
  EXPECT_GT(stopped, 100);
}

}  // namespace
}  // namespace redoubt::limits
