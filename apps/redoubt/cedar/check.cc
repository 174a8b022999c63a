// `redoubt policy check`, `validate` and `format`: what is said of policies as they are written.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/file.h"
#include "policy/format.h"
#include "policy/validate.h"
#include "redoubt/cedar/commands.h"
#include "redoubt/cedar/inputs.h"

namespace redoubt::app::cedar {
namespace {

struct CheckOptions {
  PolicyOptions policies;
  SchemaOptions schema;
  std::string entities;
};

int check(const CheckOptions& options, bool json) {
  std::string read;
  const auto schema = read_schema_if_any(options.schema);
  if (!schema) return report(schema.error(), json, kAnswerIsNo);
  if (*schema) {
    read += std::to_string((*schema)->entity_types().size()) + " entity types, " +
            std::to_string((*schema)->actions().size()) + " actions\n";
  }
  // Without anything else, policies come by standard input.
  const bool others = !options.schema.file.empty() || !options.entities.empty();
  if (!others || !options.policies.file.empty() || !options.policies.links_file.empty()) {
    const auto policies = read_policies(options.policies);
    if (!policies) return report(policies.error(), json, kAnswerIsNo);
    read += std::to_string(policies->set.policies().size()) + " policies and templates, " +
            std::to_string(policies->set.links().size()) + " links\n";
  }
  if (!options.entities.empty()) {
    const auto entities = read_entities(options.entities, *schema ? &**schema : nullptr);
    if (!entities) return report(entities.error(), json, kAnswerIsNo);
    read += "the entities can be read\n";
  }
  std::fputs(json ? "{\"ok\":true}\n" : read.c_str(), stdout);
  return kSuccess;
}

struct ValidateOptions {
  PolicyOptions policies;
  SchemaOptions schema;
  bool deny_warnings = false;
};

void print(const policy::Validation& validation, const NamedText& policies) {
  for (const policy::Problem& problem : validation.errors) {
    std::fputs(policy::render(problem, policies.name, policies.text).c_str(), stderr);
  }
  for (policy::Problem problem : validation.warnings) {
    problem.message = "warning: " + problem.message;
    std::fputs(policy::render(problem, policies.name, policies.text).c_str(), stderr);
  }
  std::printf("%zu errors, %zu warnings\n", validation.errors.size(), validation.warnings.size());
}

void print_json(const policy::Validation& validation, const NamedText& policies, bool valid) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", valid);
  json.key("errors");
  write_problems(json, validation.errors, policies);
  json.key("warnings");
  write_problems(json, validation.warnings, policies);
  json.end_object();
  std::printf("%s\n", out.c_str());
}

int validate(const ValidateOptions& options, bool json) {
  const auto schema = read_schema(options.schema);
  if (!schema) return report(schema.error(), json, kAnswerIsNo);
  const auto policies = read_policies(options.policies);
  if (!policies) return report(policies.error(), json, kAnswerIsNo);
  const policy::Validation validation = policy::validate(policies->set, *schema);
  const bool valid = validation.ok() && !(options.deny_warnings && !validation.warnings.empty());
  json ? print_json(validation, policies->input, valid) : print(validation, policies->input);
  return valid ? kSuccess : kAnswerIsNo;
}

struct FormatOptions {
  std::string file;
  policy::FormatOptions layout;
  bool check = false;
  bool write = false;
};

// Under the mode that the file had.
Result<> replace_file(const std::string& path, std::string_view text) {
  std::error_code ignored;
  const std::filesystem::perms mode = std::filesystem::status(path, ignored).permissions();
  PosixFileSystem fs;
  if (auto done = write_file_atomically(fs, path, as_bytes(text)); !done) return done;
  std::filesystem::permissions(path, mode, ignored);
  return {};
}

int format(const FormatOptions& options) {
  auto input = read_input(options.file);
  if (!input) return app::report(input.error(), false);
  auto formatted = policy::format_policies(input->text, options.layout);
  if (!formatted) return report(wrong(*std::move(input), std::move(formatted.error())).value(), false);
  if (options.check) {
    if (*formatted == input->text) return kSuccess;
    std::fprintf(stderr, "%s would be laid out otherwise\n", input->name.c_str());
    return kAnswerIsNo;
  }
  if (!options.write) {
    std::fwrite(formatted->data(), 1, formatted->size(), stdout);
    return kSuccess;
  }
  if (*formatted == input->text) return kSuccess;
  if (auto done = replace_file(options.file, *formatted); !done) return app::report(done.error(), false);
  return kSuccess;
}

}  // namespace

Run add_check(CLI::App& verb, Common& common) {
  auto options = std::make_shared<CheckOptions>();
  add_json(verb, common);
  add_policies(verb, options->policies);
  add_links(verb, options->policies);
  add_schema(verb, options->schema);
  add_entities(verb, options->entities);
  return [options, &common] { return check(*options, common.json); };
}

Run add_validate(CLI::App& verb, Common& common) {
  auto options = std::make_shared<ValidateOptions>();
  add_json(verb, common);
  add_policies(verb, options->policies);
  add_links(verb, options->policies);
  add_schema(verb, options->schema);
  verb.get_option("--schema")->required();
  verb.add_flag("--deny-warnings", options->deny_warnings, "warnings, too, make the policies invalid");
  return [options, &common] { return validate(*options, common.json); };
}

Run add_format(CLI::App& verb, Common& /*common*/) {
  auto options = std::make_shared<FormatOptions>();
  auto* const file = verb.add_option("-p,--policies", options->file, "file of policies (default: standard input)");
  verb.add_option("-l,--line-width", options->layout.line_width, "columns of a line")->capture_default_str();
  verb.add_option("-i,--indent-width", options->layout.indent, "spaces of a level")->capture_default_str();
  auto* const check =
      verb.add_flag("-c,--check", options->check, "print nothing; exit status 1 if it is laid out otherwise");
  verb.add_flag("-w,--write", options->write, "change the file itself")->needs(file)->excludes(check);
  return [options] { return format(*options); };
}

}  // namespace redoubt::app::cedar
