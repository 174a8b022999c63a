// What telling people of incidents, which the administration does, says for `/metrics` and `/readyz`.
//
// A value.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace redoubt::gateway {

inline constexpr std::array<std::string_view, 4> kNoticeOutcomes{"delivered", "delayed", "given_up", "dropped"};

struct NoticeGauges {
  bool configured = false;                  // somebody is to be told
  bool running = false;                     // there is a notifier that takes orders
  std::uint64_t waiting = 0;                // endpoints that are to be told something
  std::uint64_t losses = 0;                 // notifiers that ended unasked, since the start
  std::uint64_t unrecorded = 0;             // attempts that could not be put on record, since the start
  std::array<std::uint64_t, 4> attempts{};  // since the start, by kNoticeOutcomes
};

}  // namespace redoubt::gateway
