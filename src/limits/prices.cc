#include "limits/prices.h"

#include <algorithm>

#include "base/config.h"

namespace redoubt::limits {

namespace {

constexpr std::size_t kModelNameMax = 256;
constexpr std::size_t kDecimals = 6;

// Digits, and at most six more behind a point: millionths.
std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view part = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (whole.empty() || whole.size() > 12 || (point != std::string_view::npos && part.empty()) ||
      part.size() > kDecimals) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  for (const std::string_view digits : {whole, part}) {
    for (const char c : digits) {
      if (!is_digit(c)) return std::nullopt;
      number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
  }
  for (std::size_t i = part.size(); i < kDecimals; ++i) number *= 10;
  return number;
}

Result<std::uint64_t> get_price(const ConfigSection& section, std::string_view key) {
  const Result<std::string> text = section.get_string(key);
  if (!text) return text.error();
  const std::optional<std::uint64_t> price = parse_decimal(*text);
  if (!price) return section.error_at(key, R"(must be a decimal number in quotes, such as "2.50")");
  if (*price > Prices::kPriceMax) return section.error_at(key, "must not be above 1000000");
  return *price;
}

bool is_currency(std::string_view text) {
  return text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

Result<Prices> Prices::parse(std::string_view text, std::string name) {
  const Result<ConfigFile> file = ConfigFile::parse(text, std::move(name));
  if (!file) return file.error();
  Prices prices;
  Result<std::string> currency = file->get_string("currency");
  if (!currency) return currency.error();
  if (!is_currency(*currency)) return file->error_at("currency", "must be three capital letters, as in ISO 4217");
  prices.currency_ = *std::move(currency);
  for (const ConfigSection& section : file->sections("model")) {
    Result<std::string> model = section.get_string("name");
    if (!model) return model.error();
    if (model->empty() || model->size() > kModelNameMax) return section.error_at("name", "must have 1 to 256 bytes");
    const Result<std::uint64_t> input = get_price(section, "input");
    if (!input) return input.error();
    const Result<std::uint64_t> output = get_price(section, "output");
    if (!output) return output.error();
    if (prices.models_.size() == kModelsMax) return Error(Errc::kTooLarge, "there are more than 10000 prices");
    if (!prices.models_.emplace(*std::move(model), Price{*input, *output}).second) {
      return section.error_at("name", "has a price already");
    }
  }
  if (const Result<> known = file->check_all_read(); !known) return known.error();
  return prices;
}

const Price* Prices::find(std::string_view model) const {
  auto found = models_.find(model);
  if (found == models_.end()) found = models_.find(kEach);
  return found == models_.end() ? nullptr : &found->second;
}

std::uint64_t money(const Price* price, std::uint64_t input_tokens, std::uint64_t output_tokens) {
  if (price == nullptr) return kUnpriced;
  __extension__ using Wide = unsigned __int128;
  constexpr std::uint64_t kMillion = 1'000'000;
  const Wide millionths = Wide{price->input} * input_tokens + Wide{price->output} * output_tokens;
  const Wide rounded = millionths / kMillion + (millionths % kMillion != 0 ? 1 : 0);
  return rounded > kAmountMax ? kAmountMax : static_cast<std::uint64_t>(rounded);
}

}  // namespace redoubt::limits
