// A short JSON text that comes with each piece of evidence, parsed.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "encoding/json_reader.h"

namespace redoubt::attest {

// What was parsed, as long as this lives, and its reader. To make a reader's buffers takes as long as to read: each
// thread keeps one, which whoever parses a short text has until this ends. Of one thread.
class JsonText {
 public:
  static constexpr std::size_t kMaxDepth = 8;

  // Errors of encoding::JsonReader::parse(), as with a limit of `max_bytes`, which are at most Evidence::kMaxFileBytes.
  static Result<JsonText> parse(ByteView text, std::size_t max_bytes);

  const simdjson::dom::element& root() const { return root_; }

 private:
  struct GiveBack {
    bool keep;  // not when its buffers may have grown for a long text
    void operator()(encoding::JsonReader* reader) const;
  };
  using Reader = std::unique_ptr<encoding::JsonReader, GiveBack>;

  JsonText(Reader reader, simdjson::dom::element root) : reader_(std::move(reader)), root_(root) {}

  Reader reader_;
  simdjson::dom::element root_;
};

}  // namespace redoubt::attest
