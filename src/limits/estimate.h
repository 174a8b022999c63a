// What an exchange will use, before its upstream has said so: how the gateway fills in Use.
//
//   StreamEstimate estimate(prices.find(model), body.size());
//   Admission admission = meters.admit(limits, subjects, estimate.request(max_output_tokens), now);
//   … dispatched:           admission.add(estimate.prompt(), now)
//   … each event that came: if (!admission.add(estimate.delta(content.size(), event.size()), now)) …
//   … usage came:           admission.settle(estimate.real(prompt_tokens, completion_tokens, bytes_out), now)
//
// A token is taken for kBytesPerToken bytes: about right for English prose, too few tokens for code and for scripts
// outside Latin. It decides only until the upstream's own count arrives.
//
// Pure; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>

#include "limits/limits.h"
#include "limits/prices.h"

namespace redoubt::limits {

inline constexpr std::uint64_t kBytesPerToken = 4;

// At least one for any text; 0 for none.
std::uint64_t estimate_tokens(std::uint64_t bytes);

class StreamEstimate {
 public:
  // `price`: null for none. `prompt_bytes`: of the request's body.
  StreamEstimate(const Price* price, std::uint64_t prompt_bytes);

  // To be admitted: a request, its prompt, and as much output as it asked for at most (0: it did not say; output is
  // then counted as it comes).
  Use request(std::uint64_t max_output_tokens) const;
  // The prompt alone: used once the request went out.
  Use prompt() const;
  // An event of a stream, or a whole answer: its text, and the bytes it takes to the caller.
  Use delta(std::uint64_t content_bytes, std::uint64_t wire_bytes);
  // All of it by the upstream's count, where it gives one; else as estimated so far.
  Use real(std::optional<std::uint64_t> prompt_tokens, std::optional<std::uint64_t> completion_tokens,
           std::uint64_t bytes_out) const;

 private:
  std::uint64_t cost(std::uint64_t prompt_tokens, std::uint64_t output_tokens) const;

  std::optional<Price> price_;
  std::uint64_t prompt_tokens_ = 0;
  std::uint64_t output_tokens_ = 0;
};

}  // namespace redoubt::limits
