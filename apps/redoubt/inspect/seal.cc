// `redoubt inspect seal`: records as a dictionary that the server looks texts up in, and that only its keeper reads.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/file.h"
#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "keys/sealed_dictionary.h"
#include "redoubt/common_options.h"
#include "redoubt/inspect/commands.h"
#include "redoubt/inspect/inputs.h"
#include "redoubt/layout.h"

namespace redoubt::app::inspect_verbs {
namespace {

constexpr std::size_t kKeyFileMax = 1024;

struct SealOptions {
  std::string name;
  std::string file;
  std::string key;  // empty: the folder's
  std::string out;  // empty: standard output
};

Result<crypto::X25519PublicKey> read_key(const std::string& path) {
  PosixFileSystem fs;
  const auto text = read_file(fs, path, kKeyFileMax);
  if (!text) return text.error();
  std::string_view line = as_chars(*text);
  while (line.ends_with('\n')) line.remove_suffix(1);
  const auto bytes = encoding::base64_decode(line);
  crypto::X25519PublicKey key;
  if (!bytes || bytes->size() != key.size()) return Error(Errc::kMalformed, "`" + path + "` is no public key");
  std::ranges::copy(*bytes, key.begin());
  return key;
}

Result<std::string> seal(const SealOptions& options, const std::string& dir) {
  const auto key = read_key(options.key.empty() ? Layout(dir).dictionary_key() : options.key);
  if (!key) return key.error();
  auto records = read_records(options.file);
  if (!records) return records.error();
  return keys::seal_dictionary(*key, options.name, *std::move(records));
}

int run(const SealOptions& options, const Common& common) {
  const auto sealed = seal(options, common.dir);
  if (!sealed) return report(sealed.error(), common.json);
  if (!options.out.empty()) {
    PosixFileSystem fs;
    if (auto done = write_file_atomically(fs, options.out, as_bytes(*sealed)); !done) {
      return report(done.error(), common.json);
    }
  }
  const auto dictionary = keys::SealedDictionary::parse(options.name, *sealed);
  if (!dictionary) return report(dictionary.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("dictionary", options.name);
    json.member("records", static_cast<std::uint64_t>(dictionary->records()));
    if (options.out.empty()) json.member("sealed", *sealed);
    json.end_object();
    std::printf("%s\n", out.c_str());
  } else if (options.out.empty()) {
    std::printf("%s", sealed->c_str());
  } else {
    std::printf("%u records sealed in `%s`\n", dictionary->records(), options.out.c_str());
  }
  return kSuccess;
}

}  // namespace

Run add_seal(CLI::App& verb, Common& common) {
  const auto options = std::make_shared<SealOptions>();
  add_common(verb, common);
  verb.add_option("--key", options->key, "the keeper's public key (default: dictionary.pub of the folder)");
  verb.add_option("--out", options->out, "where to write it (default: standard output)");
  verb.add_option("name", options->name, "the dictionary's: it is `dictionaries/NAME.sealed` of a folder")->required();
  verb.add_option("file", options->file, "its records, one a line (default, or `-`: standard input)");
  return [options, &common] { return run(*options, common); };
}

}  // namespace redoubt::app::inspect_verbs
