// API keys: issued, replaced with a time in which both are good, revoked. A key's secret is in one answer, once.
#pragma once

#include <span>
#include <string>

#include "admin/call.h"
#include "admin/operation.h"
#include "admin/shape.h"
#include "encoding/json_writer.h"
#include "identity/api_key.h"
#include "identity/identities.h"

namespace redoubt::admin {

std::span<const Operation> key_operations();

// What a key is to be good for: of a body.
extern const Shape kKeyOfShape;
// A key with its secret.
extern const Shape kIssuedKeyShape;

identity::Key wanted_key(const Body& body, const identity::NewKey& made, std::string principal);
// `secret` empty: a repeated answer, which has it not.
void write_issued_key(encoding::JsonWriter& json, const identity::Key& key, std::string_view secret);

}  // namespace redoubt::admin
