#include "ledger/errand.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "encoding/base64.h"

namespace redoubt::ledger {
namespace {

constexpr std::string_view kOk = "ok";
constexpr std::string_view kFailed = "failed ";
constexpr std::string_view kBegun = "begun";
constexpr std::string_view kResumed = "resumed";

Error not_an_answer() {
  return {Errc::kMalformed, "the keeper's program answers with something else than what it was asked"};
}

// Up to the separator, which is taken as well; nothing where there is none.
std::optional<std::string_view> take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view out = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return out;
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Error> parse_failure(std::string_view rest) {
  const auto code = take_until(rest, ' ');
  const auto value = code ? number<std::uint8_t>(*code) : std::nullopt;
  if (!value || *value > static_cast<std::uint8_t>(Errc::kConflict)) return std::nullopt;
  return Error(static_cast<Errc>(*value), std::string(rest));
}

}  // namespace

std::string format_errand_answer(const Result<ErrandLines>& done) {
  if (!done) {
    std::string why = done.error().message();
    std::ranges::replace(why, '\n', ' ');
    return std::string(kFailed) + std::to_string(static_cast<unsigned>(done.error().code())) + " " + why + "\n";
  }
  std::string out = std::string(kOk) + "\n";
  for (const std::string& line : *done) out += line + "\n";
  return out;
}

std::optional<Result<ErrandLines>> parse_errand_answer(std::string_view text) {
  if (text.size() > kErrandAnswerBytesMax) return std::nullopt;
  const auto verdict = take_until(text, '\n');
  if (!verdict) return std::nullopt;
  if (verdict->starts_with(kFailed)) {
    auto failure = parse_failure(verdict->substr(kFailed.size()));
    if (!failure || !text.empty()) return std::nullopt;
    return Result<ErrandLines>(*std::move(failure));
  }
  if (*verdict != kOk) return std::nullopt;
  ErrandLines lines;
  while (!text.empty()) {
    const auto line = take_until(text, '\n');
    if (!line) return std::nullopt;
    lines.emplace_back(*line);
  }
  return Result<ErrandLines>(std::move(lines));
}

ErrandLines NewKeeperKeys::lines() const {
  return {signer.format(), encoding::base64(dictionary)};
}

Result<NewKeeperKeys> NewKeeperKeys::parse(const ErrandLines& lines) {
  if (lines.size() != 2) return not_an_answer();
  auto signer = tlog::VerifierKey::parse(lines[0]);
  const auto bytes = encoding::base64_decode(lines[1]);
  crypto::X25519PublicKey dictionary{};
  if (!signer || !bytes || bytes->size() != dictionary.size()) return not_an_answer();
  std::ranges::copy(*bytes, dictionary.begin());
  return NewKeeperKeys{.signer = *std::move(signer), .dictionary = dictionary};
}

ErrandLines NextSigner::lines() const {
  ErrandLines out;
  for (const tlog::VerifierKey& key : keys) out.push_back(key.format());
  return out;
}

Result<NextSigner> NextSigner::parse(const ErrandLines& lines) {
  NextSigner out;
  for (const std::string& line : lines) {
    auto key = tlog::VerifierKey::parse(line);
    if (!key) return not_an_answer();
    out.keys.push_back(*std::move(key));
  }
  if (out.keys.empty()) return not_an_answer();
  return out;
}

// A key's name has no spaces.
ErrandLines ChangedSigner::lines() const {
  ErrandLines out{std::string(resumed ? kResumed : kBegun)};
  for (const Log& log : logs) out.push_back(log.from.format() + " " + log.to.format() + " " + std::to_string(log.size));
  return out;
}

Result<ChangedSigner> ChangedSigner::parse(const ErrandLines& lines) {
  if (lines.size() < 2 || (lines[0] != kResumed && lines[0] != kBegun)) return not_an_answer();
  ChangedSigner out{.resumed = lines[0] == kResumed, .logs = {}};
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::string_view rest = lines[i];
    const auto from_text = take_until(rest, ' ');
    const auto to_text = take_until(rest, ' ');
    const auto size = number<std::uint64_t>(rest);
    if (!from_text || !to_text || !size) return not_an_answer();
    auto from = tlog::VerifierKey::parse(*from_text);
    auto to = tlog::VerifierKey::parse(*to_text);
    if (!from || !to) return not_an_answer();
    out.logs.push_back({.from = *std::move(from), .to = *std::move(to), .size = *size});
  }
  return out;
}

ErrandLines RevokedSigner::lines() const {
  return {key.format(), std::to_string(at)};
}

Result<RevokedSigner> RevokedSigner::parse(const ErrandLines& lines) {
  if (lines.size() != 2) return not_an_answer();
  auto key = tlog::VerifierKey::parse(lines[0]);
  const auto at = number<std::uint64_t>(lines[1]);
  if (!key || !at) return not_an_answer();
  return RevokedSigner{.key = *std::move(key), .at = *at};
}

}  // namespace redoubt::ledger
