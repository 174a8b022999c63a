#include "admin/bundle_operations.h"

#include "admin/call.h"
#include "admin/forms.h"
#include "admin/services.h"
#include "base/check.h"

namespace redoubt::admin {
namespace {

using net::Method;

// ---- shapes

constexpr Shape kDigestShape =
    text_of({.kind = TextForm::Kind::kName, .min = 71, .max = 71, .first = "s", .rest = "a-z0-9:"});

constexpr Field kBundleFields[] = {
    {"digest", &kDigestShape, "Over the names and texts of its files.", kRequired},
    {"fact", &kIndexShape, "Index, in the system log, of the fact that brought it into force.", kRequired},
    {"version", &kVersionShape, "Of the object, as in ETag.", kRequired},
};
constexpr Shape kBundle = object_of("Bundle", kBundleFields);
constexpr Shape kBundleList = page_of<kBundle>("BundleList");

constexpr std::size_t kSentMax = 4 * 1024 * 1024;  // bytes of a body with a bundle's files

constexpr Shape kFileName =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 256, .first = "!-~", .rest = "!-~"});
constexpr Shape kFileText = text_of({.kind = TextForm::Kind::kLines, .max = kSentMax});
constexpr Field kFileFields[] = {
    {"name", &kFileName, "From the folder's root: `policies/default.cedar`.", kRequired},
    {"text", &kFileText, "", kRequired},
};
constexpr Shape kFile = object_of("BundleFile", kFileFields, kClosed);
constexpr Shape kFiles = list_of(kFile, state::Bundle::kMaxFiles);

constexpr Field kBundleFilesFields[] = {
    {"digest", &kDigestShape, "Over the names and texts of its files.", kRequired},
    {"files", &kFiles, "By name.", kRequired},
};
constexpr Shape kBundleFiles = object_of("BundleFiles", kBundleFilesFields);

constexpr Field kWantedFields[] = {
    {"digest", &kDigestShape, "Of a bundle that the server has: given by SIGHUP, sent before, or in force before."},
    {"files", &kFiles, "Or the bundle itself."},
};
constexpr Shape kWanted = object_of("WantedBundle", kWantedFields, kClosed, 1);

constexpr Parameter kOne[] = {
    {.name = "digest", .in = Parameter::In::kPath, .shape = &kDigestShape, .description = "The bundle's digest."}};

// ---- handlers

void write_bundle(encoding::JsonWriter& json, const state::BundleProjection::Activation& activation) {
  json.begin_object();
  json.member("digest", activation.digest);
  json.member("fact", activation.fact);
  json.member("version", activation.version);
  json.end_object();
}

Result<Answer> get(Call& call) {
  const auto& in_force = call.services.bundles.in_force();
  if (!in_force) return Error(Errc::kNotFound, "no bundle is in force yet");
  Answer out{.version = in_force->version};
  encoding::JsonWriter json(out.body);
  write_bundle(json, *in_force);
  return out;
}

Result<Answer> show(Call& call, const Change& /*change*/) {
  return get(call);
}

// The whole history is short: it grows with what people do.
Result<Answer> list(Call& call) {
  constexpr std::size_t kMost = 1000;
  auto activations = state::list_activations(call.services.engine.tables(), kMost);
  if (!activations) return activations.error();
  const auto key = [](const state::BundleProjection::Activation& activation) {
    // Newest first, in the order of these texts.
    const std::string digits = std::to_string(~activation.version);
    return std::string(20 - digits.size(), '0') + digits;
  };
  std::vector<state::BundleProjection::Activation> shown;
  for (const auto& activation : *activations) {
    if (key(activation) > call.arguments.page.after && shown.size() <= call.arguments.page.limit)
      shown.push_back(activation);
  }
  return list_answer(call, shown, key, write_bundle);
}

// The request can be read; it is what it asks for that cannot be.
Error unusable(const Error& error) {
  const bool wrong = error.code() == Errc::kMalformed || error.code() == Errc::kNotFound;
  return wrong ? Error(Errc::kInvalidArgument, error.message()) : error;
}

Result<Answer> get_files(Call& call) {
  auto bundle = call.services.library.get(call.path_value("digest"));
  if (!bundle) return bundle.error();
  Answer out;
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("digest", bundle->digest());
  json.key("files");
  json.begin_array();
  for (const state::BundleFile& file : bundle->files()) {
    json.begin_object();
    json.member("name", file.name);
    json.member("text", file.text);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

// What was sent, which fits its shape, is kept: changes nothing yet.
Result<std::string> take_files(Call& call, const simdjson::dom::element& sent) {
  simdjson::dom::array items;
  REDOUBT_CHECK(sent.get(items) == simdjson::SUCCESS);
  std::vector<state::BundleFile> files;
  for (const simdjson::dom::element item : items) {
    simdjson::dom::object file;
    REDOUBT_CHECK(item.get(file) == simdjson::SUCCESS);
    const Body each(file);
    files.push_back({std::string(each.text("name")), std::string(each.text("text"))});
  }
  auto bundle = state::Bundle::make(std::move(files));
  if (!bundle) return bundle.error();
  if (auto added = call.services.library.add(*bundle); !added) return added.error();
  return bundle->digest();
}

Result<Change> put(Call& call) {
  const auto files = call.body.element("files");
  if (files.has_value() == call.body.has("digest")) {
    return Error(Errc::kInvalidArgument, "send either `digest` or `files`");
  }
  auto digest = files ? take_files(call, *files) : Result<std::string>(std::string(call.body.text("digest")));
  if (!digest) return unusable(digest.error());
  if (auto usable = call.services.library.check(*digest); !usable) return unusable(usable.error());
  auto proposal = state::propose_activation(*digest, call.services.bundles.in_force());
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), std::string(state::kBundleObject));
}

constexpr std::string_view kTag = "bundle";
constexpr Operation kOperations[] = {
    {.id = "getBundle",
     .tag = kTag,
     .summary = "Show which bundle is in force",
     .description = "A bundle is configuration, policies and prices, together.",
     .method = Method::kGet,
     .path = "/bundle",
     .action = "readPolicies",
     .response = &kBundle,
     .etag = true,
     .absent = true,
     .resource = server_resource,
     .read = get},
    {.id = "activateBundle",
     .tag = kTag,
     .summary = "Bring another bundle into force",
     .method = Method::kPut,
     .path = "/bundle",
     .action = "changePolicies",
     .request = &kWanted,
     .max_body_bytes = kSentMax,
     .response = &kBundle,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = put,
     .show = show},
    {.id = "listBundles",
     .tag = kTag,
     .summary = "List which bundles were in force, the last first",
     .method = Method::kGet,
     .path = "/bundles",
     .action = "readPolicies",
     .response = &kBundleList,
     .paged = true,
     .resource = server_resource,
     .read = list},
    {.id = "getBundleFiles",
     .tag = kTag,
     .summary = "Show the files of a bundle",
     .method = Method::kGet,
     .path = "/bundles/{digest}",
     .action = "readPolicies",
     .parameters = kOne,
     .response = &kBundleFiles,
     .resource = server_resource,
     .read = get_files},
};

}  // namespace

std::span<const Operation> bundle_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
