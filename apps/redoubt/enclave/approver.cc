#include "redoubt/enclave/approver.h"

#include "keys/key_file.h"
#include "keys/key_quorum.h"

namespace redoubt::app {

namespace {

constexpr std::size_t kScalarBytes = 32;

}  // namespace

Result<Quorum> Quorum::parse(const std::string& text, const std::string& option) {
  if (text.empty()) return Quorum{};
  if (text.size() == 3 && text[1] == '/' && text[0] >= '2' && text[0] <= text[2] && text[2] <= '8') {
    return Quorum{.threshold = static_cast<unsigned>(text[0] - '0'), .count = static_cast<unsigned>(text[2] - '0')};
  }
  return Error(Errc::kInvalidArgument,
               "`" + option + "` is K/N, such as 2/3: N people, from 2 to 8, of whom K together");
}

Result<std::vector<std::string>> write_quorum(FileSystem& fs, const crypto::Secret& key, const Quorum& quorum,
                                              const std::string& file, const std::string& prefix) {
  const auto made = keys::make_key_quorum(key, quorum.threshold, quorum.count);
  if (!made) return made.error();
  if (auto done = write_file_atomically(fs, file, as_bytes(made->file)); !done) return done.error();
  std::vector<std::string> paths;
  for (const keys::QuorumShare& share : made->shares) {
    paths.push_back(prefix + "-" + std::to_string(share.number()));
    const crypto::Secret text = share.to_text();
    if (auto done = keys::create_private_file(paths.back(), as_chars(text.reveal())); !done) return done.error();
  }
  return paths;
}

Result<crypto::Secret> open_quorum(FileSystem& fs, const std::string& file, const std::vector<std::string>& shares) {
  const auto text = read_file(fs, file, keys::KeyQuorum::kFileBytesMax);
  if (!text) return text.error();
  const auto quorum = keys::KeyQuorum::parse(as_chars(*text));
  if (!quorum) return quorum.error().in("`" + file + "`");
  std::vector<keys::QuorumShare> parsed;
  for (const std::string& path : shares) {
    const auto typed = keys::read_private_file(path);
    if (!typed) return typed.error();
    auto share = keys::QuorumShare::parse(as_chars(typed->reveal()));
    if (!share) return share.error().in("`" + path + "`");
    if (auto good = quorum->check(*share); !good) return good.error().in("`" + path + "`");
    parsed.push_back(*std::move(share));
  }
  return quorum->open(parsed);
}

Result<crypto::P256PrivateKey> load_approver(FileSystem& fs, const Layout& layout, const ApproverOptions& options) {
  if (!options.shares.empty()) {
    const auto scalar = open_quorum(fs, layout.approver_quorum(), options.shares);
    if (!scalar) return scalar.error();
    return crypto::P256PrivateKey::from_scalar(scalar->reveal());
  }
  if (options.key.empty() && fs.open(layout.approver_quorum(), OpenMode::kReadOnly)) {
    return Error(Errc::kInvalidArgument,
                 "the approver's key is held in shares here: `--approver-share FILE`, once for each that it takes");
  }
  const auto scalar =
      keys::load_key_file(options.key.empty() ? layout.approver_key() : options.key, kApproverKind, kScalarBytes);
  if (!scalar && scalar.error().code() == Errc::kNotFound) {
    return scalar.error().in("the approver's key (`--approver-key FILE` says where it is)");
  }
  if (!scalar) return scalar.error();
  return crypto::P256PrivateKey::from_scalar(scalar->reveal());
}

}  // namespace redoubt::app
