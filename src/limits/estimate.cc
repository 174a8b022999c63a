#include "limits/estimate.h"

#include <algorithm>

namespace redoubt::limits {

namespace {

// Of anybody's numbers: no sum of a few of them overflows.
std::uint64_t bounded(std::uint64_t tokens) {
  return std::min(tokens, kAmountMax);
}

}  // namespace

std::uint64_t estimate_tokens(std::uint64_t bytes) {
  return bytes / kBytesPerToken + (bytes % kBytesPerToken != 0 ? 1 : 0);
}

StreamEstimate::StreamEstimate(const Price* price, std::uint64_t prompt_bytes)
    : prompt_tokens_(bounded(estimate_tokens(prompt_bytes))) {
  if (price != nullptr) price_ = *price;
}

std::uint64_t StreamEstimate::cost(std::uint64_t prompt_tokens, std::uint64_t output_tokens) const {
  return money(price_ ? &*price_ : nullptr, prompt_tokens, output_tokens);
}

Use StreamEstimate::request(std::uint64_t max_output_tokens) const {
  const std::uint64_t output = bounded(max_output_tokens);
  return {.requests = 1, .tokens = prompt_tokens_ + output, .money = cost(prompt_tokens_, output)};
}

Use StreamEstimate::prompt() const {
  return {.tokens = prompt_tokens_, .money = cost(prompt_tokens_, 0)};
}

Use StreamEstimate::delta(std::uint64_t content_bytes, std::uint64_t wire_bytes) {
  const std::uint64_t tokens = bounded(estimate_tokens(content_bytes));
  const std::uint64_t before = cost(prompt_tokens_, output_tokens_);
  output_tokens_ = bounded(output_tokens_ + tokens);
  const std::uint64_t after = cost(prompt_tokens_, output_tokens_);
  // The difference of the whole, so that small events are not each rounded up to a millionth.
  return {.tokens = tokens, .bytes_out = wire_bytes, .money = price_ ? after - before : kUnpriced};
}

Use StreamEstimate::real(std::optional<std::uint64_t> prompt_tokens, std::optional<std::uint64_t> completion_tokens,
                         std::uint64_t bytes_out) const {
  const std::uint64_t prompt = bounded(prompt_tokens.value_or(prompt_tokens_));
  const std::uint64_t output = bounded(completion_tokens.value_or(output_tokens_));
  return {.requests = 1, .tokens = prompt + output, .bytes_out = bytes_out, .money = cost(prompt, output)};
}

}  // namespace redoubt::limits
