#include "gateway/inspection.h"

#include <map>
#include <mutex>
#include <utility>

#include "gateway/answer_contracts.h"
#include "gateway/tool_contracts.h"
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

Inspection::Inspection(std::shared_ptr<const inspect::Rules> rules, std::shared_ptr<const ToolContracts> contracts,
                       bool buffers_streams)
    : rules_(std::move(rules)), contracts_(std::move(contracts)), buffers_streams_(buffers_streams) {
  names_.insert(std::string(inspect::to_string(inspect::Family::kContract)));
  for (const std::string_view kind : {kSchemaViolation, kSchemaUnusable}) names_.insert(policy_name(kind));
  if (!contracts_->empty()) names_.insert(policy_name(kContractViolation));
  for (const inspect::RuleInfo& rule : rules_->list()) {
    names_.insert(policy_name(rule.kind));
    names_.insert(std::string(inspect::to_string(rule.family)));
  }
}

Result<std::shared_ptr<const Inspection>> Inspection::load(std::string_view toml, std::span<const SchemaFile> schemas) {
  std::string key(toml);
  for (const SchemaFile& file : schemas) {
    // No text has a zero byte: TOML and JSON have none.
    for (const std::string* part : {&file.name, &file.text}) (key += '\0') += *part;
  }
  InUse& all = in_use();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.by_text, [](const auto& each) { return each.second.expired(); });
  if (const auto found = all.by_text.find(key); found != all.by_text.end()) {
    if (auto used = found->second.lock()) return used;
  }
  auto file = inspect::parse_rules_file(toml, kFileName);
  if (!file) return file.error();
  for (const inspect::UserRule& rule : file->options.user) {
    if (is_contract_kind(rule.kind)) {
      return Error(Errc::kMalformed, "rule `" + rule.name + "` has a kind that is of contracts").in(kFileName);
    }
  }
  auto contracts = ToolContracts::compile(file->contracts, schemas);
  if (!contracts) return contracts.error();
  auto rules = inspect::Rules::compile(file->options);
  if (!rules) {
    const Errc code = rules.error().code() == Errc::kInvalidArgument ? Errc::kMalformed : rules.error().code();
    return Error(code, rules.error().message()).in(kFileName);
  }
  std::shared_ptr<const Inspection> made(new Inspection(
      *std::move(rules), std::make_shared<const ToolContracts>(*std::move(contracts)), file->buffer_streams));
  all.by_text[std::move(key)] = made;
  return made;
}

}  // namespace redoubt::gateway
