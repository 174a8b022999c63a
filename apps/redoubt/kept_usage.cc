#include "redoubt/kept_usage.h"

#include <span>

#include "base/log.h"
#include "crypto/secret.h"

namespace redoubt::app {
namespace {

constexpr std::chrono::seconds kKeepUsage{1};

limits::Meters::HashKey random_hash_key() {
  limits::Meters::HashKey key;
  crypto::random_bytes(std::as_writable_bytes(std::span(key)));
  return key;
}

}  // namespace

Result<> KeptUsage::open(const std::string& path, std::size_t capacity) {
  auto file = limits::UsageFile::open(fs_, path, random_hash_key());
  if (!file) return file.error();
  file_ = *std::move(file);
  meters_.emplace(file_->hash_key(), capacity);
  const limits::UsageFile::Restored restored = file_->restore(*meters_, clock_.now());
  if (!restored.why_new.empty()) {
    log::info("administration", "limits begin with nothing used", {{"why", restored.why_new}});
  } else if (restored.damaged + restored.no_room > 0) {
    log::warning("administration", "of what limits have counted, not all is there",
                 {{"meters", restored.meters}, {"damaged", restored.damaged}, {"no_room", restored.no_room}});
  } else {
    log::info("administration", "usage open", {{"meters", restored.meters}, {"past", restored.past}});
  }
  return {};
}

void KeptUsage::keep(UnixMillis now) {
  next_ = clock_.steady() + kKeepUsage;
  meters_->sweep(now);
  const auto done = file_->keep(*meters_, now);
  if (done.has_value() == kept_) return;
  kept_ = done.has_value();
  if (kept_) {
    log::info("administration", "what limits count is kept again");
  } else {
    log::error("administration", "what limits count is not kept: a restart forgets it",
               {{"why", done.error().message()}});
  }
}

}  // namespace redoubt::app
