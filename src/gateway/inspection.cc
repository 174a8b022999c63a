#include "gateway/inspection.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "gateway/answer_contracts.h"
#include "gateway/dictionaries.h"
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

std::string sealed_name(const std::string& dictionary) {
  return "dictionaries/" + dictionary + ".sealed";
}

// What stands in the file can be read by whoever has the file.
Result<> check_records(const inspect::RulesFile& file) {
  if (file.records.empty()) return {};
  return Error(Errc::kMalformed, "rule `" + file.records.front().rule +
                                     "` has records: seal them (`redoubt inspect seal`), and name them by `dictionary`")
      .in(kFileName);
}

// Those that rules name; null when none does.
Result<std::shared_ptr<SealedDictionaries>> read_dictionaries(std::span<const inspect::UserRule> rules,
                                                              std::span<const DictionaryFile> files) {
  for (const DictionaryFile& file : files) {
    if (std::ranges::none_of(rules, [&](const inspect::UserRule& rule) { return rule.dictionary == file.name; })) {
      return Error(Errc::kMalformed, sealed_name(file.name) + ": no rule in inspection.toml names it");
    }
  }
  std::set<std::string> names;
  std::vector<keys::SealedDictionary> sealed;
  for (const inspect::UserRule& rule : rules) {
    if (rule.dictionary.empty() || !names.insert(rule.dictionary).second) continue;
    const auto file = std::ranges::find(files, rule.dictionary, &DictionaryFile::name);
    if (file == files.end()) {
      return Error(Errc::kMalformed, "there is no file `" + sealed_name(rule.dictionary) + "`").in(kFileName);
    }
    auto dictionary = keys::SealedDictionary::parse(file->name, file->text);
    if (!dictionary) return dictionary.error().in(sealed_name(file->name));
    sealed.push_back(*std::move(dictionary));
  }
  if (sealed.empty()) return std::shared_ptr<SealedDictionaries>();
  return std::make_shared<SealedDictionaries>(std::move(sealed));
}

// What tells texts apart, dictionaries by their digest: they may be large.
std::string key_of(std::string_view toml, std::span<const SchemaFile> schemas,
                   std::span<const DictionaryFile> dictionaries) {
  std::string key(toml);
  for (const SchemaFile& file : schemas) {
    // No text has a zero byte: TOML and JSON have none.
    for (const std::string* part : {&file.name, &file.text}) (key += '\0') += *part;
  }
  for (const DictionaryFile& file : dictionaries) {
    key.append(2, '\0') += file.name;
    key += '\0' + encoding::hex(crypto::sha256(as_bytes(file.text)));
  }
  return key;
}

InUse& in_use() {
  static InUse all;
  return all;
}

}  // namespace

Inspection::Inspection(std::shared_ptr<const inspect::Rules> rules, std::shared_ptr<const ToolContracts> contracts,
                       std::shared_ptr<SealedDictionaries> dictionaries, bool buffers_streams)
    : rules_(std::move(rules)),
      contracts_(std::move(contracts)),
      dictionaries_(std::move(dictionaries)),
      buffers_streams_(buffers_streams) {
  names_.insert(std::string(inspect::to_string(inspect::Family::kContract)));
  for (const std::string_view kind : {kSchemaViolation, kSchemaUnusable, kUndescribedTool})
    names_.insert(policy_name(kind));
  if (!contracts_->empty()) names_.insert(policy_name(kContractViolation));
  for (const inspect::RuleInfo& rule : rules_->list()) {
    names_.insert(policy_name(rule.kind));
    names_.insert(std::string(inspect::to_string(rule.family)));
  }
}

Result<std::shared_ptr<const Inspection>> Inspection::load(std::string_view toml, std::span<const SchemaFile> schemas,
                                                           std::span<const DictionaryFile> dictionaries) {
  std::string key = key_of(toml, schemas, dictionaries);
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
  if (auto done = check_records(*file); !done) return done.error();
  auto sealed = read_dictionaries(file->options.user, dictionaries);
  if (!sealed) return sealed.error();
  file->options.dictionaries = *sealed;
  auto contracts = ToolContracts::compile(file->contracts, schemas);
  if (!contracts) return contracts.error();
  auto rules = inspect::Rules::compile(file->options);
  if (!rules) {
    const Errc code = rules.error().code() == Errc::kInvalidArgument ? Errc::kMalformed : rules.error().code();
    return Error(code, rules.error().message()).in(kFileName);
  }
  std::shared_ptr<const Inspection> made(new Inspection(*std::move(rules),
                                                        std::make_shared<const ToolContracts>(*std::move(contracts)),
                                                        *std::move(sealed), file->buffer_streams));
  all.by_text[std::move(key)] = made;
  return made;
}

}  // namespace redoubt::gateway
