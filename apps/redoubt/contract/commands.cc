#include "redoubt/contract/commands.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "redoubt/contract/verbs.h"

namespace redoubt::app {

void add_contract_commands(CLI::App& app, Common& common, int& status) {
  auto* const contract =
      app.add_subcommand("contract", "whether JSON, rows and tensors have the form that they must have");
  contract->require_subcommand(1);

  auto* const check =
      contract->add_subcommand("check", "a file of JSON by a JSON Schema, or rows or tensors by a contract");
  const auto options = std::make_shared<contract_verbs::CheckOptions>();
  check->add_option("contract", options->contract, "JSON Schema, draft 2020-12 or 7, or a contract for rows or tensors")
      ->required();
  check->add_option("file", options->file, "the JSON (default, or `-`: standard input)");
  check->add_flag("--draft7", options->draft7, "a schema that does not say which draft it is of is of draft 7");
  check->add_flag("--no-formats", options->no_formats, "`format` asserts nothing");
  check->add_option("--window", options->window_rows, "rows or samples that drift is judged over")
      ->capture_default_str()
      ->check(CLI::Range(2, 1'000'000));
  constexpr const char* kHeader = "of tensors: how many bytes are JSON, before their binary data (default: all)";
  check->add_option("--header-bytes", options->header_bytes, kHeader);
  check->add_flag("--json", common.json, "answer in JSON");
  check->callback([options, &common, &status] { status = contract_verbs::check(*options, common.json); });

  auto* const fit =
      contract->add_subcommand("fit", "a contract that rows or samples of tensors keep, with a reference made of them");
  const auto fitted = std::make_shared<contract_verbs::FitOptions>();
  fit->add_option("file", fitted->file,
                  "a list of JSON objects, or a request with `inputs` (default, or `-`: standard input)");
  fit->add_option("--header-bytes", fitted->header_bytes, kHeader);
  fit->add_option("--channels", fitted->channels, "of tensors: the dimension that counts channels (default: none)")
      ->check(CLI::Range(1, 7));
  fit->callback([fitted, &status] { status = contract_verbs::fit(*fitted); });
}

}  // namespace redoubt::app
