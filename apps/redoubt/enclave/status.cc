// `redoubt enclave status`.
#include <cstdio>

#include "base/config.h"
#include "encoding/base64.h"
#include "redoubt/enclave.h"
#include "redoubt/enclave/verbs.h"
#include "sealing/keeper_keys.h"
#include "sealing/sealing.h"

namespace redoubt::app::enclave_verbs {

namespace {

struct Line {
  std::string path;
  std::uint64_t version = 0;
  bool of_these_keys = false;
  std::string differences;  // empty: it is of what is there now
};

struct Standing {
  bool sealed = false;
  std::uint64_t opened = 0;  // 0: not known
  std::vector<Line> approvals;

  bool approved() const {
    for (const Line& each : approvals) {
      if (each.of_these_keys && each.differences.empty()) return true;
    }
    return false;
  }
};

Result<Standing> look(const Layout& layout) {
  PosixFileSystem fs;
  Standing out;
  const auto sealing = sealing::Sealing::load(fs, layout.sealing());
  if (!sealing && sealing.error().code() == Errc::kNotFound) return out;
  if (!sealing) return sealing.error();
  out.sealed = true;
  // The keeper's folder is not everybody's to look into.
  if (const auto opened = sealing::read_opened_version(fs, layout.keeper())) out.opened = *opened;
  const auto configuration = read_file(fs, layout.config(), ConfigFile::kMaxSizeBytes);
  if (!configuration) return configuration.error();
  const auto expected = expected_measurements(measured_programs(), std::string(as_chars(*configuration)));
  if (!expected) return expected.error();
  const auto approvals = sealing::read_approvals(fs, layout.approvals());
  if (!approvals) return approvals.error();
  for (const sealing::KeptApproval& each : *approvals) {
    tpm::PcrValues registers = expected->replay();
    registers.insert(each.file.boot.begin(), each.file.boot.end());
    out.approvals.push_back({.path = each.path,
                             .version = each.file.version,
                             .of_these_keys = each.file.is_signed_by(sealing->approver, sealing->purpose()),
                             .differences = tpm::describe_differences(each.file, *expected, registers)});
  }
  return out;
}

void print_json(const Standing& standing) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", true);
  json.member("sealed", standing.sealed);
  if (standing.sealed) {
    json.member("approved", standing.approved());
    if (standing.opened != 0) json.member("opened_version", standing.opened);
    json.key("approvals");
    json.begin_array();
    for (const Line& each : standing.approvals) {
      json.begin_object();
      json.member("file", each.path);
      json.member("version", each.version);
      json.member("of_these_keys", each.of_these_keys);
      json.member("fits", each.of_these_keys && each.differences.empty());
      if (!each.differences.empty()) json.member("differences", each.differences);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  std::printf("%s\n", out.c_str());
}

void print(const Standing& standing) {
  if (!standing.sealed) {
    std::printf("sealed     no: the keys are files that their owner can read\n");
    return;
  }
  std::printf("sealed     yes\n");
  if (standing.opened != 0) {
    std::printf("opened     last with version %llu\n", static_cast<unsigned long long>(standing.opened));
  }
  for (const Line& each : standing.approvals) {
    const std::string what = !each.of_these_keys        ? "is not for these keys"
                             : each.differences.empty() ? "is of the programs and configuration that are there now"
                                                        : each.differences;
    std::printf("version %llu  %s\n", static_cast<unsigned long long>(each.version), what.c_str());
  }
  if (!standing.approved()) std::printf("\nWhat is there now is not approved: `redoubt enclave approve`.\n");
}

}  // namespace

int status(const Common& common) {
  const auto standing = look(Layout(common.dir));
  if (!standing) return report(standing.error(), common.json);
  if (common.json) {
    print_json(*standing);
  } else {
    print(*standing);
  }
  return standing->sealed && !standing->approved() ? kAnswerIsNo : kSuccess;
}

}  // namespace redoubt::app::enclave_verbs
