#include "tpm/nv_index.h"

#include <array>

#include "tpm/internal/marshal.h"
#include "tpm/internal/nv_public.h"
#include "tpm/internal/primaries.h"

namespace redoubt::tpm {

namespace internal {

namespace {

std::string text_of(TPM2_HANDLE handle) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) out.push_back(kDigits[(handle >> shift) & 0xfU]);
  return out;
}

}  // namespace

Result<bool> nv_exists(Device& device, TPM2_HANDLE handle) {
  Owned<TPMS_CAPABILITY_DATA> data;
  TPMI_YES_NO more = TPM2_NO;
  const auto read = device.check(Esys_GetCapability(device.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                                    TPM2_CAP_HANDLES, handle, 1, &more, out(data)),
                                 "list its NV indices");
  if (!read) return read.error();
  // The first handle from there on.
  return data->data.handles.count > 0 && data->data.handles.handle[0] == handle;
}

Result<NvIndex> open_nv(Device& device, TPM2_HANDLE handle) {
  const auto exists = nv_exists(device, handle);
  if (!exists) return exists.error();
  if (!*exists) return Error(Errc::kNotFound, "the TPM has no NV index " + text_of(handle));
  ESYS_TR number = ESYS_TR_NONE;
  const auto opened =
      device.check(Esys_TR_FromTPMPublic(device.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &number),
                   "open NV index " + text_of(handle));
  if (!opened) return opened.error();
  Place place(device, number, Place::Kind::kNv);
  Owned<TPM2B_NV_PUBLIC> area;
  Owned<TPM2B_NAME> name;
  const auto read = device.check(
      Esys_NV_ReadPublic(device.esys(), number, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, out(area), out(name)),
      "describe NV index " + text_of(handle));
  if (!read) return read.error();
  return NvIndex{.place = std::move(place), .area = area->nvPublic};
}

namespace {

Result<NvIndex> open_own(Device& device, TPM2_HANDLE handle, TPMA_NV attributes, std::uint16_t size) {
  auto index = open_nv(device, handle);
  if (!index) return index;
  const TPMS_NV_PUBLIC& area = index->area;
  if (area.nameAlg != TPM2_ALG_SHA256 || (area.attributes & ~TPMA_NV_WRITTEN) != attributes ||
      area.authPolicy.size != 0 || area.dataSize != size) {
    return Error(Errc::kVerifyFailed, "NV index " + text_of(handle) + " is not what was made there");
  }
  return index;
}

}  // namespace

Result<NvIndex> open_counter(Device& device, TPM2_HANDLE handle) {
  auto index = open_own(device, handle, kCounterAttributes, kCounterSize);
  if (index && (index->area.attributes & TPMA_NV_WRITTEN) == 0) {
    return Error(Errc::kVerifyFailed, "the counter at NV index " + text_of(handle) + " was never incremented");
  }
  return index;
}

}  // namespace internal

namespace {

using internal::Device;
using internal::kCounterAttributes;
using internal::kCounterSize;
using internal::NvIndex;
using internal::out;
using internal::Owned;
using internal::Place;

constexpr TPMA_NV kHistoryAttributes =
    (TPM2_NT_EXTEND << TPMA_NV_TPM2_NT_SHIFT) | TPMA_NV_AUTHWRITE | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA;
constexpr std::uint16_t kHistorySize = 32;
constexpr std::size_t kMinAuthorisation = 16;
constexpr std::size_t kMaxAuthorisation = 32;

Result<> check_handle(NvHandle handle) {
  if (handle >= kFirstNvHandle && handle <= kLastNvHandle) return {};
  return Error(Errc::kInvalidArgument, "an NV index of an owner is from 0x01800000 to 0x01bfffff");
}

Result<> check_authorisation(const crypto::Secret& authorisation) {
  if (authorisation.size() >= kMinAuthorisation && authorisation.size() <= kMaxAuthorisation) return {};
  return Error(Errc::kInvalidArgument, "the authorisation value of an NV index has 16 to 32 bytes");
}

// `session` authorises the owner, and encrypts the authorisation value if it has that attribute.
Result<> define(Device& device, ESYS_TR session, NvHandle handle, TPMA_NV attributes, std::uint16_t size,
                const TPM2B_AUTH& authorisation) {
  TPM2B_NV_PUBLIC area{};
  area.nvPublic.nvIndex = handle;
  area.nvPublic.nameAlg = TPM2_ALG_SHA256;
  area.nvPublic.attributes = attributes;
  area.nvPublic.dataSize = size;
  const auto exists = internal::nv_exists(device, handle);
  if (!exists) return exists.error();
  if (*exists) return Error(Errc::kAlreadyExists, "the TPM has something at that NV index already");
  ESYS_TR made = ESYS_TR_NONE;
  const auto done = device.check(Esys_NV_DefineSpace(device.esys(), ESYS_TR_RH_OWNER, session, ESYS_TR_NONE,
                                                     ESYS_TR_NONE, &authorisation, &area, &made),
                                 "make the NV index");
  if (!done) return done.error();
  const Place forgotten(device, made, Place::Kind::kNv);
  return {};
}

Result<Bytes> read(Device& device, const NvIndex& index, ESYS_TR session) {
  Owned<TPM2B_MAX_NV_BUFFER> data;
  const auto done = device.check(Esys_NV_Read(device.esys(), index.place.get(), index.place.get(), session,
                                              ESYS_TR_NONE, ESYS_TR_NONE, index.area.dataSize, 0, out(data)),
                                 "read the NV index");
  if (!done) return done.error();
  return to_bytes(internal::view(*data));
}

Result<std::uint64_t> counter_value(Device& device, const NvIndex& index) {
  const auto value = read(device, index, ESYS_TR_PASSWORD);
  if (!value) return value.error();
  if (value->size() != kCounterSize) return Error(Errc::kIo, "the TPM gave a counter that has not 8 bytes");
  return load_be<std::uint64_t>(*value);
}

// A history, and the session that is good for one command on it. The session's key is the authorisation value, so an
// answer that it authenticates is from an index that has it.
struct History {
  NvIndex index;
  Place session;
};
enum class Begun : bool { kNo, kYes };
Result<History> open_history(Device& device, NvHandle handle, const crypto::Secret& authorisation, Begun begun) {
  if (auto good = check_handle(handle); !good) return good.error();
  if (auto good = check_authorisation(authorisation); !good) return good.error();
  auto index = internal::open_own(device, handle, kHistoryAttributes, kHistorySize);
  if (!index) return index.error();
  // What create_history() made was extended by it: one that was not is another's.
  if (begun == Begun::kYes && (index->area.attributes & TPMA_NV_WRITTEN) == 0) {
    return Error(Errc::kVerifyFailed, "the NV index is not what was made there: it was never extended");
  }
  auto value = internal::sized<TPM2B_AUTH>(authorisation.reveal());
  const auto set = device.check(Esys_TR_SetAuth(device.esys(), index->place.get(), &value), "take an authorisation");
  crypto::wipe(std::as_writable_bytes(std::span(value.buffer)));
  if (!set) return set.error();
  auto session = internal::start_session(device, TPM2_SE_HMAC, ESYS_TR_NONE, 0);
  if (!session) return session.error();
  return History{.index = *std::move(index), .session = *std::move(session)};
}

}  // namespace

Bytes counter_name(NvHandle handle) {
  TPMS_NV_PUBLIC area{};
  area.nvIndex = handle;
  area.nameAlg = TPM2_ALG_SHA256;
  area.attributes = kCounterAttributes | TPMA_NV_WRITTEN;
  area.dataSize = kCounterSize;
  return internal::name_of(internal::marshal(Tss2_MU_TPMS_NV_PUBLIC_Marshal, area));
}

Result<std::uint64_t> create_counter(Tpm& tpm, NvHandle handle) {
  if (auto good = check_handle(handle); !good) return good.error();
  Device& device = TpmAccess::of(tpm);
  if (auto made = define(device, ESYS_TR_PASSWORD, handle, kCounterAttributes, kCounterSize, {}); !made) {
    return made.error();
  }
  // A counter has no value before its first increment.
  const auto index = internal::open_own(device, handle, kCounterAttributes, kCounterSize);
  if (!index) return index.error();
  const auto done = device.check(Esys_NV_Increment(device.esys(), index->place.get(), index->place.get(),
                                                   ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE),
                                 "increment the counter");
  if (!done) return done.error();
  return counter_value(device, *index);
}

Result<std::uint64_t> read_counter(Tpm& tpm, NvHandle handle) {
  if (auto good = check_handle(handle); !good) return good.error();
  Device& device = TpmAccess::of(tpm);
  const auto index = internal::open_counter(device, handle);
  if (!index) return index.error();
  return counter_value(device, *index);
}

Result<std::uint64_t> increment_counter(Tpm& tpm, NvHandle handle) {
  if (auto good = check_handle(handle); !good) return good.error();
  Device& device = TpmAccess::of(tpm);
  const auto index = internal::open_counter(device, handle);
  if (!index) return index.error();
  const auto done = device.check(Esys_NV_Increment(device.esys(), index->place.get(), index->place.get(),
                                                   ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE),
                                 "increment the counter");
  if (!done) return done.error();
  return counter_value(device, *index);
}

namespace {

Result<> define_history(Device& device, NvHandle handle, const crypto::Secret& authorisation) {
  const auto storage = internal::make_storage_key(device);
  if (!storage) return storage.error();
  const auto session = internal::start_session(device, TPM2_SE_HMAC, storage->place.get(), TPMA_SESSION_DECRYPT);
  if (!session) return session.error();
  auto value = internal::sized<TPM2B_AUTH>(authorisation.reveal());
  auto done = define(device, session->get(), handle, kHistoryAttributes, kHistorySize, value);
  crypto::wipe(std::as_writable_bytes(std::span(value.buffer)));
  return done;
}

Result<> extend(Device& device, NvHandle handle, const crypto::Secret& authorisation,
                const crypto::Sha256Digest& digest, Begun begun) {
  const auto history = open_history(device, handle, authorisation, begun);
  if (!history) return history.error();
  const ESYS_TR index = history->index.place.get();
  const auto data = internal::sized<TPM2B_MAX_NV_BUFFER>(digest);
  return device.check(
      Esys_NV_Extend(device.esys(), index, index, history->session.get(), ESYS_TR_NONE, ESYS_TR_NONE, &data),
      "extend the NV index");
}

}  // namespace

Result<> create_history(Tpm& tpm, NvHandle handle, const crypto::Secret& authorisation) {
  if (auto good = check_handle(handle); !good) return good;
  if (auto good = check_authorisation(authorisation); !good) return good;
  Device& device = TpmAccess::of(tpm);
  if (auto made = define_history(device, handle, authorisation); !made) return made;
  return extend(device, handle, authorisation, {}, Begun::kNo);
}

Result<> extend_history(Tpm& tpm, NvHandle handle, const crypto::Secret& authorisation,
                        const crypto::Sha256Digest& digest) {
  return extend(TpmAccess::of(tpm), handle, authorisation, digest, Begun::kYes);
}

Result<crypto::Sha256Digest> read_history(Tpm& tpm, NvHandle handle, const crypto::Secret& authorisation) {
  Device& device = TpmAccess::of(tpm);
  const auto history = open_history(device, handle, authorisation, Begun::kYes);
  if (!history) return history.error();
  const auto value = read(device, history->index, history->session.get());
  if (!value) return value.error();
  crypto::Sha256Digest out{};
  if (value->size() != out.size()) return Error(Errc::kIo, "the TPM gave a digest that has not 32 bytes");
  std::ranges::copy(*value, out.begin());
  return out;
}

Result<> remove_nv_index(Tpm& tpm, NvHandle handle) {
  if (auto good = check_handle(handle); !good) return good;
  Device& device = TpmAccess::of(tpm);
  auto index = internal::open_nv(device, handle);
  if (!index) return index.error();
  const auto done = device.check(Esys_NV_UndefineSpace(device.esys(), ESYS_TR_RH_OWNER, index->place.get(),
                                                       ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE),
                                 "delete the NV index");
  if (done) index->place.disown();
  return done;
}

}  // namespace redoubt::tpm
