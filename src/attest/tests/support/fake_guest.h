// Kernels of guests, faked by what is written of their interfaces: they take the same calls in the same order, refuse
// what those refuse, and answer by what a test hands them.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "attest/guest_interface.h"
#include "attest/tests/support/snp_world.h"

namespace redoubt::attest {

class FakeGuest final : public GuestInterface {
 public:
  // What the machine answers to 64 bytes of report data, or to a nonce (Nitro).
  using Machine = std::function<Bytes(ByteView)>;

  // Each member that is set is an interface that is there.
  std::string tsm_provider;      // `sev_guest`, `tdx_guest`
  unsigned privlevel_floor = 0;  // of the provider; it answers for no level above
  bool has_sev_guest = false;
  bool has_nsm = false;
  std::string gramine_type;  // `dcap`
  Machine machine;
  Bytes certificates;            // the host's table
  bool somebody_writes = false;  // to the same request of configfs-tsm
  bool is_busy = false;          // /dev/sev-guest
  std::string nsm_error;         // what the module answers instead

  // Requests of configfs-tsm that are there, and how many there were.
  std::size_t open_requests() const { return requests_.size(); }
  std::size_t made_requests() const { return made_; }

  bool exists(const std::string& path) override;
  Result<Bytes> read(const std::string& path, std::size_t limit) override;
  Result<> write(const std::string& path, ByteView bytes) override;
  Result<> make_directory(const std::string& path) override;
  Result<> remove_directory(const std::string& path) override;
  Result<> control(const std::string& path, unsigned long request, void* argument) override;

 private:
  struct Request {
    Bytes inblob;
    unsigned privlevel = 0;
    std::uint64_t generation = 0;
  };
  Result<Bytes> read_request(const Request& request, std::string_view attribute) const;
  Result<> sev_guest(void* argument);
  Result<> nsm(void* argument);

  std::map<std::string, Request> requests_;
  std::size_t made_ = 0;
  Bytes gramine_report_data_;
};

// A chip that signs whatever report data it is given.
FakeGuest::Machine snp_machine(const SnpWorld& world);

// The table of a host that has these files, by GUID in hexadecimal digits.
Bytes certificate_table(const std::vector<std::pair<std::string, Bytes>>& files);
inline constexpr const char* kVcekGuid = "63da758de6644564adc5f4b93be8accd";
inline constexpr const char* kVlekGuid = "a8074bc2a25a483eaae639c045a0b8a1";
inline constexpr const char* kAskGuid = "4ab7b379bbac4fe4a02f05aef327c782";
inline constexpr const char* kCrlGuid = "92f81bc358114d3d97ffd19f88dc67ea";

}  // namespace redoubt::attest
