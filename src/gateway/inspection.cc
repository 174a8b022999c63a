#include "gateway/inspection.h"

#include <map>
#include <mutex>
#include <utility>

#include "inspect/rules_file.h"

namespace redoubt::gateway {
namespace {

static_assert(Inspection::kMaxFileBytes == inspect::kRulesFileMaxBytes);

constexpr const char* kFileName = "inspection.toml";

// What is in use, by its text: compiling takes most of a second.
struct InUse {
  std::mutex mutex;  // held while one is compiled, so that nobody compiles the same meanwhile
  std::map<std::string, std::weak_ptr<const Inspection>, std::less<>> by_text;
};

InUse& in_use() {
  static InUse all;
  return all;
}

}  // namespace

Inspection::Inspection(std::shared_ptr<const inspect::Rules> rules) : rules_(std::move(rules)) {
  for (const inspect::RuleInfo& rule : rules_->list()) {
    names_.insert(policy_name(rule.kind));
    names_.insert(std::string(inspect::to_string(rule.family)));
  }
}

Result<std::shared_ptr<const Inspection>> Inspection::load(std::string_view toml) {
  InUse& all = in_use();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.by_text, [](const auto& each) { return each.second.expired(); });
  if (const auto found = all.by_text.find(toml); found != all.by_text.end()) {
    if (auto used = found->second.lock()) return used;
  }
  auto file = inspect::parse_rules_file(toml, kFileName);
  if (!file) return file.error();
  auto rules = inspect::Rules::compile(file->options);
  if (!rules) {
    const Errc code = rules.error().code() == Errc::kInvalidArgument ? Errc::kMalformed : rules.error().code();
    return Error(code, rules.error().message()).in(kFileName);
  }
  std::shared_ptr<const Inspection> made(new Inspection(*std::move(rules)));
  all.by_text[std::string(toml)] = made;
  return made;
}

}  // namespace redoubt::gateway
