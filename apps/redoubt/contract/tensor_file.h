// A request with tensors as a file: JSON, and behind it what is binary.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "encoding/json_reader.h"
#include "redoubt/contract/verbs.h"
#include "redoubt/inspect/inputs.h"

namespace redoubt::app::contract_verbs {

class TensorFile {
 public:
  // `header_bytes`: of the JSON; 0: all of it is JSON. Errors: as read_text() and the reader's; kInvalidArgument when
  // the file is shorter.
  static Result<TensorFile> read(const std::string& file, std::size_t header_bytes) {
    TensorFile out;
    auto text = inspect_verbs::read_text(file);
    if (!text) return text.error();
    out.text_ = *std::move(text);
    if (header_bytes > out.text_.size()) return Error(Errc::kInvalidArgument, "the file has fewer bytes than its JSON");
    out.json_bytes_ = header_bytes == 0 ? out.text_.size() : header_bytes;
    auto root = out.reader_->parse(std::string_view(out.text_).substr(0, out.json_bytes_));
    if (!root) return root.error().in(file);
    out.request_ = *root;
    return out;
  }

  simdjson::dom::element request() const { return request_; }
  ByteView binary() const { return as_bytes(std::string_view(text_).substr(json_bytes_)); }

 private:
  std::string text_;
  std::size_t json_bytes_ = 0;
  std::unique_ptr<encoding::JsonReader> reader_ = std::make_unique<encoding::JsonReader>(kInstanceLimits);
  simdjson::dom::element request_;
};

}  // namespace redoubt::app::contract_verbs
