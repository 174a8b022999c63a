// `redoubt policy translate-schema`, `translate-policy` and `link`: one form out of another.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "base/file.h"
#include "policy/policy_json.h"
#include "policy/schema.h"
#include "redoubt/cedar/commands.h"
#include "redoubt/cedar/inputs.h"

namespace redoubt::app::cedar {
namespace {

struct TranslateOptions {
  std::string file;
  std::string direction;
  bool to_json() const { return direction == "cedar-to-json"; }
};

void add_translate(CLI::App& verb, const std::string& flag, const std::string& help, TranslateOptions& options) {
  verb.add_option(flag, options.file, help + " (default: standard input)");
  verb.add_option("--direction", options.direction, "`cedar-to-json` or `json-to-cedar`")
      ->required()
      ->check(CLI::IsMember({"cedar-to-json", "json-to-cedar"}));
}

void print(std::string text) {
  if (!text.ends_with('\n')) text += '\n';
  std::fwrite(text.data(), 1, text.size(), stdout);
}

int translate_schema(const TranslateOptions& options) {
  auto input = read_input(options.file);
  if (!input) return app::report(input.error(), false);
  auto out = options.to_json() ? policy::schema_to_json(input->text) : policy::schema_to_cedar(input->text);
  if (!out) return report(wrong(*std::move(input), std::move(out.error())).value(), false);
  print(*std::move(out));
  return kSuccess;
}

int translate_policy(const TranslateOptions& options) {
  auto input = read_input(options.file);
  if (!input) return app::report(input.error(), false);
  auto set = options.to_json() ? policy::parse_policies(input->text) : policy::parse_policy_set_json(input->text);
  if (!set) return report(wrong(*std::move(input), std::move(set.error())).value(), false);
  if (options.to_json()) {
    print(policy::to_json(*set));
    return kSuccess;
  }
  if (!set->links().empty()) {
    return app::report(Error(Errc::kUnsupported, input->name + ": links cannot be written in Cedar's syntax"), false);
  }
  std::string out;
  for (const policy::Policy& policy : set->policies()) {
    out += (out.empty() ? "" : "\n") + policy::to_cedar(policy);
    if (!out.ends_with('\n')) out += '\n';
  }
  print(std::move(out));
  return kSuccess;
}

struct LinkOptions {
  PolicyOptions policies;
  std::string template_id;
  std::string new_id;
  std::string arguments;
};

// With the links that the file holds already, if it is there.
int link(LinkOptions options) {
  PosixFileSystem fs;
  const std::string links_file = options.policies.links_file;
  std::vector<policy::Link> links;
  if (auto text = read_input(links_file); text) {
    auto read = parse_links(text->text);
    if (!read) return report(wrong(*std::move(text), std::move(read.error())).value(), false);
    links = *std::move(read);
  } else if (text.error().code() == Errc::kNotFound) {
    options.policies.links_file.clear();
  } else {
    return app::report(text.error(), false);
  }
  auto policies = read_policies(options.policies);
  if (!policies) return report(policies.error(), false);
  auto values = parse_slot_values(options.arguments);
  if (!values)
    return report(wrong({"--arguments", options.arguments}, std::move(values.error())).value(), false, kUsage);
  policy::Link made{options.new_id, options.template_id, *std::move(values)};
  if (auto linked = policies->set.link(made); !linked) return app::report(linked.error(), false);
  print(policy::to_cedar(policies->set.instance(made)));
  links.push_back(std::move(made));
  const auto written = write_file_atomically(fs, links_file, as_bytes(links_to_json(links) + "\n"));
  return written ? int{kSuccess} : app::report(written.error(), false);
}

}  // namespace

Run add_translate_schema(CLI::App& verb, Common& /*common*/) {
  auto options = std::make_shared<TranslateOptions>();
  add_translate(verb, "-s,--schema", "file of the schema", *options);
  return [options] { return translate_schema(*options); };
}

Run add_translate_policy(CLI::App& verb, Common& /*common*/) {
  auto options = std::make_shared<TranslateOptions>();
  add_translate(verb, "-p,--policies", "file of the policies", *options);
  return [options] { return translate_policy(*options); };
}

Run add_link(CLI::App& verb, Common& /*common*/) {
  auto options = std::make_shared<LinkOptions>();
  add_policies(verb, options->policies);
  verb.add_option("-k,--template-linked", options->policies.links_file, "file of links to add it to")->required();
  verb.add_option("--template-id", options->template_id, "which template")->required();
  verb.add_option("-n,--new-id", options->new_id, "what the link is called")->required();
  verb.add_option("-a,--arguments", options->arguments, R"(what the slots are: {"?principal": "User::\"alice\""})")
      ->required();
  return [options] { return link(*options); };
}

}  // namespace redoubt::app::cedar
