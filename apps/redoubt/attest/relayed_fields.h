// What `attest proxy` passes on, in both of its forms.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/exchange.h"

namespace redoubt::app::attest_verbs {

bool is_any_of(std::string_view name, std::initializer_list<std::string_view> names);  // whatever the case

// All but those of one connection, or that each end writes itself (RFC 9110 §7.6.1).
std::vector<net::HeaderField> passed_on(std::span<const net::HeaderField> fields);

// 502, with the reason (RFC 9457).
net::Task<> refuse_relay(net::Exchange& exchange, const Error& why);

}  // namespace redoubt::app::attest_verbs
