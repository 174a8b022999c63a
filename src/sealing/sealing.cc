#include "sealing/sealing.h"

#include <algorithm>

#include "base/config.h"
#include "encoding/base64.h"

namespace redoubt::sealing {

namespace {

std::string hex_handle(tpm::NvHandle handle) {
  std::array<std::byte, 4> bytes{};
  store_be<std::uint32_t>(MutableByteView(bytes), handle);
  return encoding::hex(bytes);
}

// The bytes that a key of the file gives, `size` of them.
Result<Bytes> read_bytes(const ConfigFile& file, std::string_view key, std::size_t size, bool base64) {
  const auto text = file.get_string(key);
  if (!text) return text.error();
  auto bytes = base64 ? encoding::base64_decode(*text) : encoding::hex_decode(*text);
  if (!bytes || bytes->size() != size) {
    return file.error_at(key,
                         "must be " + std::to_string(size) + (base64 ? " bytes in base64" : " bytes in hexadecimal"));
  }
  return bytes;
}

}  // namespace

std::string Sealing::format() const {
  return "# How the keeper's keys are sealed. Nothing here is secret. Altered, no approval opens them.\n"
         "version = 1\nid = \"" +
         encoding::hex(id) + "\"\ncounter = \"" + hex_handle(counter) + "\"\nboot = " + (boot ? "true" : "false") +
         "\napprover = \"" + encoding::base64(approver) + "\"\n";
}

Result<Sealing> Sealing::parse(std::string_view text, const std::string& path) {
  auto file = ConfigFile::parse(text, path);
  if (!file) return file.error();
  const auto version = file->get_int("version");
  if (!version) return version.error();
  if (*version != 1) return file->error_at("version", "must be 1");
  const auto id = read_bytes(*file, "id", 16, false);
  if (!id) return id.error();
  const auto counter = read_bytes(*file, "counter", 4, false);
  if (!counter) return counter.error();
  const auto boot = file->get_bool("boot");
  if (!boot) return boot.error();
  const auto approver = read_bytes(*file, "approver", sizeof(crypto::P256PublicKey), true);
  if (!approver) return approver.error();
  if (auto known = file->check_all_read(); !known) return known.error();
  Sealing out{.id = {}, .counter = load_be<std::uint32_t>(*counter), .boot = *boot, .approver = {}};
  if (out.counter < tpm::kFirstNvHandle || out.counter > tpm::kLastNvHandle) {
    return file->error_at("counter", "must be from 01800000 to 01bfffff");
  }
  std::ranges::copy(*id, out.id.begin());
  std::ranges::copy(*approver, out.approver.begin());
  return out;
}

Result<Sealing> Sealing::load(FileSystem& fs, const std::string& path) {
  const auto text = read_file(fs, path, ConfigFile::kMaxSizeBytes);
  if (!text) return text.error();
  return parse(as_chars(*text), path);
}

crypto::Sha256Digest Sealing::purpose() const {
  return crypto::sha256(as_bytes(format()));
}

Result<std::vector<KeptApproval>> read_approvals(FileSystem& fs, const std::string& folder) {
  const auto names = fs.list(folder);
  if (!names && names.error().code() == Errc::kNotFound) return std::vector<KeptApproval>();
  if (!names) return names.error();
  std::vector<KeptApproval> out;
  for (const std::string& name : *names) {
    if (!name.ends_with(kApprovalSuffix)) continue;
    if (out.size() == kMaxApprovals) {
      return Error(Errc::kResourceExhausted, "`" + folder + "` has more than " + std::to_string(kMaxApprovals) +
                                                 " approvals: remove those that are over");
    }
    const std::string path = folder + "/" + name;
    const auto text = read_file(fs, path, tpm::ApprovalFile::kMaxBytes);
    if (!text) return text.error();
    auto file = tpm::ApprovalFile::parse(as_chars(*text));
    if (!file) return file.error().in("`" + path + "`");
    out.push_back({.path = path, .file = *std::move(file)});
  }
  return out;
}

}  // namespace redoubt::sealing
