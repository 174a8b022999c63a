#include "sigma/event_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/check.h"
#include "sigma/internal/compiled.h"
#include "sigma/internal/path_tree.h"

namespace redoubt::sigma {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxDepth = 64;

namespace dom = simdjson::dom;
using internal::PathTree;

// Texts of an event's numbers, in blocks that stay where they are.
class NumberTexts {
 public:
  void clear() { used_ = 0; }
  std::string_view keep(std::string_view text) {
    const std::size_t block = used_ / kBlock;
    if (block == blocks_.size()) blocks_.push_back(std::make_unique<char[]>(kBlock));
    char* const to = blocks_[block].get() + used_ % kBlock;
    std::memcpy(to, text.data(), text.size());
    used_ += kLongest;
    return {to, text.size()};
  }

 private:
  static constexpr std::size_t kLongest = 32;
  static constexpr std::size_t kBlock = 256 * kLongest;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t used_ = 0;
};

}  // namespace

class EventReader::Walk {
 public:
  Walk(const RuleSet& rules, Form form)
      : keep_(rules), rules_(internal::compiled(rules)), event_(rules), tree_(rules_, form == Form::kFields) {
    REDOUBT_CHECK(parser_.allocate(1 << 12, kMaxDepth) == simdjson::SUCCESS);
  }

  Result<Event*> read(std::string_view json) {
    event_.clear();
    numbers_.clear();
    timed_ = false;
    if (json.size() > kMaxBytes) return Error(Errc::kTooLarge, "an event of more than 4 MiB");
    if (text_.size() < json.size() + simdjson::SIMDJSON_PADDING)
      text_.resize(json.size() * 2 + simdjson::SIMDJSON_PADDING);
    std::memcpy(text_.data(), json.data(), json.size());
    dom::element root;
    const auto error = parser_.parse(text_.data(), json.size(), false).get(root);
    if (error == simdjson::DEPTH_ERROR) return Error(Errc::kTooLarge, "an event deeper than 64 levels");
    if (error) return Error(Errc::kMalformed, std::string("not an event: ") + simdjson::error_message(error));
    dom::object members;
    if (root.get_object().get(members)) return Error(Errc::kMalformed, "an event is a JSON object");
    object(members, tree_.root());
    return &event_;
  }

 private:
  void object(const dom::object& object, std::uint32_t node) {
    for (const dom::key_value_pair field : object) {
      const std::uint32_t next = node == PathTree::kNone ? PathTree::kNone : tree_.find(node, field.key);
      if (next != PathTree::kNone || rules_.keywords) value(field.value, next);
    }
  }

  // An object at this node, and at those of its branches whose condition it meets.
  void object_at(const dom::object& members, std::uint32_t node) {
    present(node);
    object(members, node);
    if (node == PathTree::kNone) return;
    for (const PathTree::Branch& branch : tree_.branches(node)) {
      std::string_view text;
      if (members.at_key(branch.member).get_string().get(text)) continue;
      if (std::find(branch.values.begin(), branch.values.end(), text) == branch.values.end()) continue;
      object_at(members, branch.node);
    }
  }

  // By recursion: as deep as the parser lets JSON be.
  void value(const dom::element& item, std::uint32_t node) {
    switch (item.type()) {
      case dom::element_type::OBJECT:
        object_at(dom::object(item), node);
        break;
      case dom::element_type::ARRAY:
        present(node);
        for (const dom::element one : dom::array(item)) value(one, node);
        break;
      case dom::element_type::STRING:
        put(node, Value::of_text(std::string_view(item)));
        break;
      case dom::element_type::INT64:
        put(node, number(std::int64_t(item)));
        break;
      case dom::element_type::UINT64:
        put(node, number(std::uint64_t(item)));
        break;
      case dom::element_type::DOUBLE:
        put(node, number(double(item)));
        break;
      case dom::element_type::BOOL:
        put(node, Value::boolean(bool(item)));
        break;
      case dom::element_type::NULL_VALUE:
        put(node, Value::null());
        break;
    }
  }

  template <class T>
  Value number(T value) {
    char digits[32];
    const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
    return Value::of_number(numbers_.keep({digits, static_cast<std::size_t>(end - digits)}),
                            static_cast<double>(value));
  }

  void present(std::uint32_t node) {
    if (node == PathTree::kNone) return;
    for (const FieldSlot slot : tree_.slots(node)) event_.add_presence(slot);
  }

  void put(std::uint32_t node, const Value& value) {
    if (node == PathTree::kNone) {
      event_.add_unnamed(value);
      return;
    }
    if (tree_.is_time(node) && !timed_) {
      event_.set_time_ms(internal::time_of(value));
      timed_ = true;
    }
    const auto slots = tree_.slots(node);
    for (const FieldSlot slot : slots) event_.add(slot, value);
    if (slots.empty() && rules_.keywords) event_.add_unnamed(value);
  }

  RuleSet keep_;
  const internal::CompiledRules& rules_;
  Event event_;
  PathTree tree_;
  std::vector<char> text_;  // with the padding that simdjson reads
  dom::parser parser_;
  NumberTexts numbers_;
  bool timed_ = false;
};

EventReader::EventReader(const RuleSet& rules, Form form) : walk_(std::make_unique<Walk>(rules, form)) {}
EventReader::EventReader(EventReader&&) noexcept = default;
EventReader& EventReader::operator=(EventReader&&) noexcept = default;
EventReader::~EventReader() = default;

Result<Event*> EventReader::read(std::string_view json) {
  return walk_->read(json);
}

}  // namespace redoubt::sigma
