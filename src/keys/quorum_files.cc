#include "keys/quorum_files.h"

#include <utility>

#include "keys/key_file.h"
#include "keys/key_quorum.h"

namespace redoubt::keys {

Result<QuorumSize> QuorumSize::parse(const std::string& text, const std::string& option) {
  if (text.empty()) return QuorumSize{};
  if (text.size() == 3 && text[1] == '/' && text[0] >= '2' && text[0] <= text[2] && text[2] <= '8') {
    return QuorumSize{.threshold = static_cast<unsigned>(text[0] - '0'), .count = static_cast<unsigned>(text[2] - '0')};
  }
  return Error(Errc::kInvalidArgument,
               "`" + option + "` is K/N, such as 2/3: N people, from 2 to 8, of whom K together");
}

std::vector<std::string> share_paths(const QuorumSize& size, const std::string& prefix) {
  std::vector<std::string> out;
  for (unsigned i = 1; i <= size.count; ++i) out.push_back(prefix + "-" + std::to_string(i));
  return out;
}

Result<> write_quorum(FileSystem& fs, const crypto::Secret& key, const QuorumSize& size, const std::string& file,
                      const std::string& prefix) {
  const auto made = make_key_quorum(key, size.threshold, size.count);
  if (!made) return made.error();
  if (auto done = write_file_atomically(fs, file, as_bytes(made->file)); !done) return done;
  const std::vector<std::string> paths = share_paths(size, prefix);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const crypto::Secret text = made->shares[i].to_text();
    if (auto done = create_private_file(paths[i], as_chars(text.reveal())); !done) return done;
  }
  return {};
}

Result<crypto::Secret> open_quorum(FileSystem& fs, const std::string& file, const std::vector<std::string>& shares) {
  const auto text = read_file(fs, file, KeyQuorum::kFileBytesMax);
  if (!text) return text.error();
  const auto quorum = KeyQuorum::parse(as_chars(*text));
  if (!quorum) return quorum.error().in("`" + file + "`");
  std::vector<QuorumShare> parsed;
  for (const std::string& path : shares) {
    const auto typed = read_private_file(path);
    if (!typed) return typed.error();
    auto share = QuorumShare::parse(as_chars(typed->reveal()));
    if (!share) return share.error().in("`" + path + "`");
    if (auto good = quorum->check(*share); !good) return good.error().in("`" + path + "`");
    parsed.push_back(*std::move(share));
  }
  return quorum->open(parsed);
}

}  // namespace redoubt::keys
