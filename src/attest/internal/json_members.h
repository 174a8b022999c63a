// The members of a JSON object, each of which must be asked for: what nobody asked for is told, so that nothing that
// came is silently left out.
#pragma once

#include <simdjson.h>

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace redoubt::attest {

// Valid as long as what was parsed. Nobody asks for more than kMaxAsked members of an object.
class JsonMembers {
 public:
  static constexpr std::size_t kMaxAsked = 64;

  // `what` says what the object is, in messages. kMalformed when it is none, as below.
  static Result<JsonMembers> of(const simdjson::dom::element& json, std::string_view what);

  // Nothing when it is absent.
  std::optional<simdjson::dom::element> get(std::string_view name);
  // These must be there.
  Result<JsonMembers> object(std::string_view name);
  Result<simdjson::dom::array> array(std::string_view name);
  Result<std::string> text(std::string_view name);
  Result<std::uint64_t> number(std::string_view name);
  Result<Bytes> hex(std::string_view name);
  Result<Bytes> base64(std::string_view name);
  // An error for a member that nobody asked for.
  Result<> check_all_read() const;

 private:
  JsonMembers(simdjson::dom::object members, std::string_view what) : members_(members), what_(what) {}
  Error wrong(std::string_view name, std::string_view fault) const;

  simdjson::dom::object members_;
  std::string what_;
  std::bitset<kMaxAsked> asked_;  // by their places; members beyond it are more than anybody asks for
};

}  // namespace redoubt::attest
