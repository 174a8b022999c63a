// `redoubt behaviour erase-features`: forgets what the request path computed of some exchanges.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "behaviour/feature_seal.h"
#include "ledger/sealed_parts.h"
#include "redoubt/behaviour/commands.h"
#include "redoubt/behaviour/record_source.h"

namespace redoubt::app {
namespace {

using behaviour_verbs::SourceEntry;

struct EraseOptions {
  std::string where;
  std::vector<std::uint64_t> entries;
};

struct Sealed {
  std::array<std::byte, 17> context;
  ByteView features;
};

// What lies sealed beside an entry, if it is features.
std::optional<Sealed> sealed_of(const SourceEntry& source) {
  if (source.entry == nullptr) return std::nullopt;
  const auto parts = ledger::split_sealed(source.entry->sealed_opening);
  if (!parts || parts->features.empty()) return std::nullopt;
  return Sealed{ledger::opening_context(source.entry->header.exchange, source.entry->header.kind), parts->features};
}

Result<> erase(const EraseOptions& options) {
  PosixFileSystem fs;
  const std::string folder = behaviour_verbs::feature_folder(fs, options.where);
  if (folder.empty()) return Error(Errc::kNotFound, "`" + options.where + "` is not Redoubt's folder");
  const auto is_asked = [&](std::uint64_t index) {
    return std::ranges::find(options.entries, index) != options.entries.end();
  };

  std::map<std::uint32_t, behaviour::FeatureErasure> erasures;  // by the key's number
  std::size_t found = 0;
  auto done = behaviour_verbs::each_record(fs, options.where, [&](const SourceEntry& source) -> Result<> {
    if (!is_asked(source.index)) return {};
    ++found;
    const auto sealed = sealed_of(source);
    if (!sealed) return Error(Errc::kNotFound, "entry " + std::to_string(source.index) + " has no features");
    const auto number = behaviour::feature_key_number(sealed->features);
    if (!number) return number.error();
    if (erasures.contains(*number)) return {};
    auto erasure = behaviour::FeatureErasure::begin(fs, folder, *number);
    if (!erasure) return erasure.error().in("entry " + std::to_string(source.index));
    erasures.emplace(*number, *std::move(erasure));
    return {};
  });
  if (!done) return done;
  if (found != options.entries.size()) return Error(Errc::kNotFound, "the ledger has no such entry");

  done = behaviour_verbs::each_record(fs, options.where, [&](const SourceEntry& source) -> Result<> {
    const auto sealed = sealed_of(source);
    if (!sealed || is_asked(source.index)) return {};
    const auto number = behaviour::feature_key_number(sealed->features);
    if (!number) return {};
    const auto erasure = erasures.find(*number);
    return erasure == erasures.end() ? Result<>() : erasure->second.keep(sealed->context, sealed->features);
  });
  for (auto& [number, erasure] : erasures) {
    if (done) done = erasure.finish();
  }
  return done;
}

}  // namespace

void add_erase_features_command(CLI::App& behaviour, Common& common, int& status) {
  auto* const verb = behaviour.add_subcommand(
      "erase-features", "forget what was computed of exchanges for behaviour, and sealed beside their records");
  const auto options = std::make_shared<EraseOptions>();
  verb->add_option("where", options->where, "Redoubt's folder")->required();
  verb->add_option("entry", options->entries, "entries, by their number in all logs, as signals have it")
      ->required()
      ->expected(1, 10'000);
  verb->add_flag("--json", common.json, "answer in JSON");
  verb->callback([options, &common, &status] {
    std::ranges::sort(options->entries);
    const auto repeated = std::ranges::unique(options->entries);
    options->entries.erase(repeated.begin(), repeated.end());
    const auto done = erase(*options);
    status = done ? kSuccess : report(done.error(), common.json);
    if (!done) return;
    if (common.json) {
      std::printf("{\"erased\":%zu}\n", options->entries.size());
    } else {
      std::printf("the features of %zu entries are erased\n", options->entries.size());
    }
  });
}

}  // namespace redoubt::app
