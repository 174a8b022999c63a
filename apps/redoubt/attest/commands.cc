#include "redoubt/attest/commands.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "redoubt/attest/verbs.h"
#include "redoubt/fetch.h"

namespace redoubt::app {

namespace {

using namespace attest_verbs;

void add_at(CLI::App& verb, std::string& at) {
  verb.add_option("--at", at, "the moment that is judged: 2026-01-31T12:00:00Z, or `now`")->required();
}

void add_signed_file(CLI::App& verb, SignedFileOptions& options) {
  verb.add_option("--signer", options.signer, "verifier key of who signed it, or a file with it");
  verb.add_option("--max-age", options.max_age_days, "days that it may be old (default: any age)");
  verb.add_option("--state", options.state, "file that remembers the last sequence, so that none before is taken");
}

// An empty one is what a shell makes of a variable that was not set: refused, rather than taken for none.
void add_nonce(CLI::App& verb, std::string& nonce, const std::string& description) {
  verb.add_option("--nonce", nonce, description)->check([](const std::string& text) {
    return std::string(text.empty() ? "the nonce is empty; leave --nonce out where freshness is not asked" : "");
  });
}

// What is demanded of a server; `server`, when it is given, must be.
void add_accepted(CLI::App& verb, AcceptedServer& accepted, CLI::Option* server) {
  auto* const pin =
      verb.add_option("--pin", accepted.pinned_key, "of a server: SHA-256 of its TPM's key, or a file with it");
  auto* const references =
      verb.add_option("--references", accepted.references.file, "of a server: signed reference values");
  if (server == nullptr) return;
  pin->needs(server);
  references->needs(server);
}

void add_verify(CLI::App& attest, const Common& common, int& status) {
  auto* const verb =
      attest.add_subcommand("verify", "judge evidence: files, offline, or a running server's, by its URL");
  const auto options = std::make_shared<VerifyOptions>();
  const auto server = std::make_shared<VerifyServerOptions>();
  auto* const url = verb->add_option("url", server->url, "https://…: a server's, bound to the connection");
  verb->add_option("--kind", options->kind, "sev-snp, tdx, sgx, nitro, tpm, azure-vtpm or nvidia-gpu")->excludes(url);
  verb->add_option("--input", options->inputs, "ROLE=FILE: a file of it (docs/attestation.md; repeatable)")
      ->excludes(url)
      ->allow_extra_args(false);
  add_at(*verb, options->at);
  add_nonce(*verb, options->nonce, "hexadecimal that it must carry (default: freshness is not asked)");
  verb->add_option("--policy", options->policy, "what is accepted, JSON (default: the strict policy)");
  verb->add_option("--bundle", options->bundle.file, "signed collateral, for what the evidence lacks");
  add_signed_file(*verb, options->bundle);
  add_accepted(*verb, server->accepted, url);
  verb->add_option("--ca-file", server->ca_file, "of a server: whom to trust for https (PEM)")->needs(url);
  verb->add_flag("--sealed", server->sealed, "of a server: the key that requests are sealed to, not the connection")
      ->needs(url);
  verb->callback([options, server, &common, &status] {
    if (server->url.empty() && (options->kind.empty() || options->inputs.empty())) {
      throw CLI::RequiredError("a server's URL, or --kind and --input");
    }
    if (server->url.empty()) {
      status = verify(*options, common.json);
      return;
    }
    server->at = options->at;
    server->accepted.policy = options->policy;
    server->ca_file = trust_anchors(common, server->ca_file, false);
    const std::string references = std::move(server->accepted.references.file);
    server->accepted.references = options->bundle;
    server->accepted.references.file = references;
    status = verify_server(*server, common.json);
  });
}

void add_proxy(CLI::App& attest, const Common& common, int& status) {
  auto* const verb = attest.add_subcommand(
      "proxy", "a plain port on this machine that leads to a server which has shown what it is, and to no other");
  const auto options = std::make_shared<ProxyOptions>();
  verb->add_option("url", options->url, "https://…, the server")->required();
  verb->add_option("--listen", options->listen, "address of this machine alone")->capture_default_str();
  verb->add_option("--policy", options->accepted.policy, "what is accepted, JSON");
  add_accepted(*verb, options->accepted, nullptr);
  add_signed_file(*verb, options->accepted.references);
  verb->add_flag("--sealed", options->sealed, "seal each request, for a server behind a balancer that ends TLS");
  verb->add_option("--ca-file", options->ca_file, "whom to trust for https (PEM)");
  verb->callback([options, &common, &status] {
    options->ca_file = trust_anchors(common, options->ca_file, false);
    status = proxy(*options, common.json);
  });
}

void add_show(CLI::App& attest, const Common& common, int& status) {
  auto* const verb = attest.add_subcommand("show", "what evidence says, without a judgement: nothing of it is proven");
  const auto options = std::make_shared<ShowOptions>();
  verb->add_option("--kind", options->kind, "sev-snp, tdx, sgx, nitro, tpm, azure-vtpm or nvidia-gpu")->required();
  verb->add_option("--input", options->inputs, "ROLE=FILE: a file of it (repeatable)")
      ->required()
      ->allow_extra_args(false);
  verb->callback([options, &common, &status] { status = show(*options, common.json); });
}

void add_appraise(CLI::App& attest, int& status) {
  auto* const verb = attest.add_subcommand(
      "appraise", "judge an attester of several parts by reference values; the result is an EAR, in JSON");
  const auto options = std::make_shared<AppraiseOptions>();
  verb->add_option("--policy", options->policy, "what is demanded, JSON (docs/attestation.md)")->required();
  verb->add_option("--part", options->parts, "NAME=KIND: a part that there is evidence of (repeatable)")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--input", options->inputs, "NAME:ROLE=FILE: a file of a part's evidence (repeatable)")
      ->allow_extra_args(false);
  add_at(*verb, options->at);
  add_nonce(*verb, options->nonce, "hexadecimal that the statement, or each part, must carry");
  verb->add_option("--statement", options->statement, "what the software says of itself, JSON");
  verb->add_option("--references", options->references.file, "signed reference values");
  add_signed_file(*verb, options->references);
  verb->callback([options, &status] { status = appraise(*options); });
}

void add_bundle(CLI::App& attest, const Common& common, int& status) {
  auto* const bundle = attest.add_subcommand("bundle", "collateral and reference values, signed by one's own people");
  bundle->require_subcommand(1);
  auto* const make = bundle->add_subcommand("make", "sign collateral, or reference values; prints the verifier key");
  const auto options = std::make_shared<BundleOptions>();
  make->add_option("--item", options->items, "KIND:ROLE[:CLAIM=VALUE,…]=FILE: collateral, and for which evidence")
      ->allow_extra_args(false);
  make->add_option("--references", options->references, "reference values, JSON, instead of items");
  make->add_option("--corim", options->corim, "write the reference values as a CoRIM with this id");
  make->add_option("--key", options->key, "the signer's key file; FILE.vkey beside it is public")->required();
  make->add_option("--new-key", options->new_key, "make the key first, under this name: example.org/attestation");
  make->add_option("--sequence", options->sequence, "greater than that of the last one")->required();
  add_at(*make, options->at);
  make->add_option("--out", options->out, "the signed file")->required();
  make->callback([options, &common, &status] { status = make_bundle(*options, common.json); });

  auto* const show = bundle->add_subcommand("show", "what a signed file holds, its signature verified");
  const auto shown = std::make_shared<SignedFileOptions>();
  show->add_option("file", shown->file, "the signed file")->required();
  add_signed_file(*show, *shown);
  show->callback([shown, &common, &status] { status = show_bundle(*shown, common.json); });
}

}  // namespace

void add_attest_commands(CLI::App& app, Common& common, int& status) {
  auto* const attest = app.add_subcommand("attest", "evidence of trusted execution environments, judged offline");
  attest->require_subcommand(1);
  attest->add_flag("--json", common.json, "answer in JSON");
  attest->fallthrough();
  add_verify(*attest, common, status);
  add_proxy(*attest, common, status);
  add_show(*attest, common, status);
  add_appraise(*attest, status);
  add_bundle(*attest, common, status);

  auto* const conform_verb =
      attest->add_subcommand("conform", "run every case below a folder (docs/formats/attestation-cases.md)");
  const auto folder = std::make_shared<std::string>();
  conform_verb->add_option("folder", *folder, "with cases.json files below it")->required();
  conform_verb->callback([folder, &common, &status] { status = conform(*folder, common.json); });
}

}  // namespace redoubt::app
