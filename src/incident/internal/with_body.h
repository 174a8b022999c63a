// The body of a fact that is proposed.
#pragma once

#include <utility>

#include "base/result.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"
#include "record/fact_record.h"
#include "state/engine.h"

namespace redoubt::incident {

// Runs `write` on the body, and then reads it as the fold will: what would be refused there is not proposed.
template <class Write, class Read>
Result<state::Proposal> with_body(state::Proposal out, Write&& write, Read&& read) {
  out.body.clear();
  encoding::JsonWriter json(out.body);
  json.begin_object();
  write(json);
  json.end_object();
  encoding::JsonReader reader({.max_bytes = record::kFactBodyMax, .max_depth = record::kFactDepthMax});
  auto parsed = reader.parse(out.body);
  if (!parsed) return parsed.error();
  if (auto done = read(parsed->get_object().value()); !done) return done.error();
  return out;
}

}  // namespace redoubt::incident
