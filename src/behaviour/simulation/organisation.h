// Who is there, and what each is like.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "behaviour/activity.h"
#include "behaviour/simulation/random.h"

namespace redoubt::behaviour::simulation {

inline constexpr std::int64_t kStartMs = 1'780'272'000'000;  // 2026-06-01, a Monday, 00:00 UTC
inline constexpr std::int64_t kSecond = 1000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay = 24 * kHour;

struct Member {
  std::string name;
  std::string credential;
  unsigned tenant = 0;
  PrincipalKind kind = PrincipalKind::kUser;
  unsigned joins_day = 0;

  double requests_a_day = 20;  // median
  double day_spread = 0.4;     // of good and bad days
  double begins_hour = 8.5;    // of work
  double ends_hour = 17.5;
  unsigned works_weekdays = 0b0011111;  // bit 0 is Monday
  bool on_call = false;
  int leave_from = -1;  // days, half open
  int leave_until = -1;
  bool at_home_sometimes = true;
  std::uint64_t office = 0;  // networks
  std::uint64_t home = 0;
  std::vector<unsigned> models;  // in order of preference
  std::vector<unsigned> data;    // data sets that it reads; empty: none
  double reads_share = 0;        // of its requests that read one
  double rows = 300;             // median of a read
  double bytes = 2500;           // median of a reply
  double tokens = 500;           // median of a prompt
  std::vector<unsigned> tools;   // of agents
  std::uint64_t text = 0;        // the text that applications vary; 0: they write freely
  bool tensors = false;
  int batch_hour = -1;  // of a nightly batch; -1: none
  double batch_requests = 0;
  bool around_the_clock = false;
};

struct Organisation {
  std::vector<std::string> tenants;
  std::vector<std::string> models;  // the last is rolled out later
  std::vector<std::string> tools;   // the last is rolled out later
  std::vector<std::string> data;
  std::vector<std::string> credentials_of_nobody;
  std::vector<Member> members;

  unsigned new_model_day = 12;
  unsigned new_tool_day = 15;
  unsigned holiday = 10;           // a day on which hardly anybody works
  unsigned wrong_policy_day = 16;  // one model is denied to many for two hours
  unsigned outage_day = 19;
  unsigned ended_key_day = 9;

  bool works(const Member& member, unsigned day) const;
};

Organisation make_organisation(std::uint64_t seed, unsigned people, unsigned applications, unsigned agents,
                               unsigned days);

}  // namespace redoubt::behaviour::simulation
