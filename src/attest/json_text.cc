#include "attest/internal/json_text.h"

#include <utility>

#include "attest/evidence.h"

namespace redoubt::attest {

namespace {

constexpr std::size_t kShortBytes = 4096;

std::unique_ptr<encoding::JsonReader>& spare() {
  thread_local std::unique_ptr<encoding::JsonReader> reader;
  return reader;
}

}  // namespace

void JsonText::GiveBack::operator()(encoding::JsonReader* reader) const {
  std::unique_ptr<encoding::JsonReader> owned(reader);
  if (keep && spare() == nullptr) spare() = std::move(owned);
}

Result<JsonText> JsonText::parse(ByteView text, std::size_t max_bytes) {
  if (text.size() > max_bytes) return Error(Errc::kTooLarge, "json is larger than the limit");
  const bool is_short = text.size() <= kShortBytes;
  auto made = is_short ? std::exchange(spare(), nullptr) : nullptr;
  if (made == nullptr) {
    made = std::make_unique<encoding::JsonReader>(
        encoding::JsonLimits{.max_bytes = Evidence::kMaxFileBytes, .max_depth = kMaxDepth});
  }
  Reader reader(made.release(), GiveBack{is_short});
  const auto root = reader->parse(as_chars(text));
  if (!root) return root.error();
  return JsonText(std::move(reader), *root);
}

}  // namespace redoubt::attest
