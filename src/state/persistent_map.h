// A map from text to shared values whose copies share all that they have in common: a copy costs nothing, and a change
// copies the path to what changes. For snapshots that request threads read without a lock.
//
//   PersistentMap<Principal> next = now;                       // shares all with `now`
//   next.set("alice", std::make_shared<const Principal>(…));   // `now` is as it was
//   next = next.with("bob", …).without("carol");
//   const Principal* alice = next.find("alice");
//
// A trie over the keys' hashes, 16 ways, with up to 32 entries in a leaf. What one map alone refers to is changed in
// place, so filling one is as cheap as filling an ordinary map.
//
// A map object belongs to one thread at a time; copies of it may belong to others, whatever they share.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redoubt::state {

// `Hash` is for tests.
template <class V, class Hash = std::hash<std::string_view>>
class PersistentMap {
 public:
  using Shared = std::shared_ptr<const V>;

  // The value; null when there is none. Valid as long as this map, or a copy of it as it is now, is.
  const V* find(std::string_view key) const {
    const Entry* entry = find_entry(key);
    return entry != nullptr ? entry->value.get() : nullptr;
  }
  // The same, to be kept.
  Shared share(std::string_view key) const {
    const Entry* entry = find_entry(key);
    return entry != nullptr ? entry->value : nullptr;
  }
  std::size_t size() const { return size_; }

  // Calls `take(std::string_view key, const V& value)` for each, in no particular order.
  template <class Take>
  void for_each(Take&& take) const {
    if (root_) visit(*root_.get(), take);
  }

  // Precondition: value is not null.
  void set(std::string_view key, Shared value);
  // No change when there is none.
  void erase(std::string_view key);
  // What the other has, in place of what this has under the same keys.
  void take_in(PersistentMap&& other) {
    const std::size_t known = merge(root_, std::exchange(other.root_, Ref()), 0);
    size_ += std::exchange(other.size_, 0) - known;
  }
  // Keys have two sides, about half of them each. A map of keys of one side is taken in by one of the other's at once:
  // so two threads can fill one between them.
  static unsigned side(std::string_view key) { return way(hash_of(key), 0) < kWays / 2 ? 0 : 1; }

  PersistentMap with(std::string_view key, Shared value) const {
    PersistentMap changed = *this;
    changed.set(key, std::move(value));
    return changed;
  }
  PersistentMap without(std::string_view key) const {
    PersistentMap changed = *this;
    changed.erase(key);
    return changed;
  }

 private:
  static constexpr unsigned kBits = 4;  // of the hash, a level
  static constexpr std::size_t kWays = 1U << kBits;
  static constexpr std::size_t kLeafMax = 32;
  static constexpr unsigned kHashBits = 64;  // keys that share them all share a leaf, however large it gets

  struct Entry {
    std::string key;
    Shared value;
  };

  struct Node {
    explicit Node(bool is_leaf) : leaf(is_leaf) {}
    Node(const Node& other) : leaf(other.leaf) {}
    Node& operator=(const Node&) = delete;

    mutable std::atomic<std::uint32_t> references{1};
    const bool leaf;
  };

  // A counted reference; the count is in the node.
  class Ref {
   public:
    Ref() = default;
    explicit Ref(Node* node) : node_(node) {}
    Ref(const Ref& other) : node_(other.node_) {
      if (node_ != nullptr) node_->references.fetch_add(1, std::memory_order_relaxed);
    }
    Ref(Ref&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    Ref& operator=(Ref other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    ~Ref() {
      if (node_ == nullptr || node_->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
      if (node_->leaf) {
        delete static_cast<Leaf*>(node_);
      } else {
        delete static_cast<Branch*>(node_);
      }
    }
    explicit operator bool() const { return node_ != nullptr; }
    const Node* get() const { return node_; }

    // The node, to be changed: a copy of it first unless nobody else refers to it. (Acquire: what others read of it
    // before they let it go comes before what is written now.)
    template <class T>
    T& own() {
      if (node_->references.load(std::memory_order_acquire) != 1) *this = Ref(new T(static_cast<const T&>(*node_)));
      return static_cast<T&>(*node_);
    }

   private:
    Node* node_ = nullptr;
  };

  struct Branch : Node {
    Branch() : Node(false) {}
    std::array<Ref, kWays> children;
  };
  // Of the hash's bits that choose no way for long: a search looks at an entry only when they are right.
  using Tag = std::uint16_t;
  static constexpr std::size_t kNotFound = static_cast<std::size_t>(-1);

  struct Leaf : Node {
    Leaf() : Node(true) {}

    std::size_t position(std::uint64_t hash, std::string_view key) const {
      const std::size_t tagged = std::min(entries.size(), kLeafMax);
      for (std::size_t i = 0; i < tagged; ++i) {
        if (tags[i] == tag(hash) && entries[i].key == key) return i;
      }
      for (std::size_t i = tagged; i < entries.size(); ++i) {
        if (entries[i].key == key) return i;
      }
      return kNotFound;
    }
    void add(std::uint64_t hash, Entry entry) {
      if (entries.size() < kLeafMax) tags[entries.size()] = tag(hash);
      entries.push_back(std::move(entry));
    }
    void remove(std::size_t position) {
      const std::size_t last = entries.size() - 1;
      if (position != last) {
        entries[position] = std::move(entries[last]);
        // Beyond kLeafMax all hashes are the same.
        if (last < kLeafMax) tags[position] = tags[last];
      }
      entries.pop_back();
    }

    std::array<Tag, kLeafMax> tags{};  // of the first entries
    std::vector<Entry> entries;
  };

  static std::uint64_t hash_of(std::string_view key) { return Hash()(key); }
  static Tag tag(std::uint64_t hash) { return static_cast<Tag>(hash >> (kHashBits - 16)); }
  static std::size_t way(std::uint64_t hash, unsigned depth_bits) { return (hash >> depth_bits) & (kWays - 1); }

  const Entry* find_entry(std::string_view key) const {
    const std::uint64_t hash = hash_of(key);
    const Node* node = root_.get();
    for (unsigned bits = 0; node != nullptr && !node->leaf; bits += kBits) {
      node = static_cast<const Branch*>(node)->children[way(hash, bits)].get();
    }
    if (node == nullptr) return nullptr;
    const auto& leaf = *static_cast<const Leaf*>(node);
    const std::size_t position = leaf.position(hash, key);
    return position != kNotFound ? &leaf.entries[position] : nullptr;
  }

  template <class Take>
  static void visit(const Node& node, Take& take) {
    if (node.leaf) {
      for (const Entry& entry : static_cast<const Leaf&>(node).entries) take(std::string_view(entry.key), *entry.value);
      return;
    }
    for (const Ref& child : static_cast<const Branch&>(node).children) {
      if (child) visit(*child.get(), take);
    }
  }

  // Makes a full leaf a branch of leaves by the next bits of the hash.
  static Ref split(Leaf& leaf, unsigned bits) {
    auto* branch = new Branch;
    Ref made(branch);
    for (Entry& entry : leaf.entries) {
      const std::uint64_t hash = hash_of(entry.key);
      Ref& child = branch->children[way(hash, bits)];
      if (!child) child = Ref(new Leaf);
      child.template own<Leaf>().add(hash, std::move(entry));
    }
    return made;
  }

  // Whether nothing is left in the node, which had the key and is this map's own.
  static bool remove(Ref& ref, std::uint64_t hash, std::string_view key, unsigned bits) {
    if (ref.get()->leaf) {
      auto& leaf = ref.template own<Leaf>();
      leaf.remove(leaf.position(hash, key));
      return leaf.entries.empty();
    }
    auto& children = ref.template own<Branch>().children;
    Ref& child = children[way(hash, bits)];
    if (!remove(child, hash, key, bits + kBits)) return false;
    child = Ref();
    return std::none_of(children.begin(), children.end(), [](const Ref& other) { return static_cast<bool>(other); });
  }

  // Adds, from `bits` of the hash on down. Whether there was none under this key.
  static bool add(Ref* ref, std::uint64_t hash, std::string_view key, Shared value, unsigned bits);
  // Adds all that `from` has, and says how many of them there were before.
  static std::size_t merge(Ref& into, Ref from, unsigned bits);

  Ref root_;
  std::size_t size_ = 0;
};

template <class V, class Hash>
void PersistentMap<V, Hash>::set(std::string_view key, Shared value) {
  if (add(&root_, hash_of(key), key, std::move(value), 0)) ++size_;
}

template <class V, class Hash>
bool PersistentMap<V, Hash>::add(Ref* ref, std::uint64_t hash, std::string_view key, Shared value, unsigned bits) {
  for (;; bits += kBits) {
    if (!*ref) *ref = Ref(new Leaf);
    if (ref->get()->leaf) {
      auto& leaf = ref->template own<Leaf>();
      if (const std::size_t position = leaf.position(hash, key); position != kNotFound) {
        leaf.entries[position].value = std::move(value);
        return false;
      }
      if (leaf.entries.size() < kLeafMax || bits >= kHashBits) {
        leaf.add(hash, {std::string(key), std::move(value)});
        return true;
      }
      *ref = split(leaf, bits);
    }
    ref = &ref->template own<Branch>().children[way(hash, bits)];
  }
}

template <class V, class Hash>
std::size_t PersistentMap<V, Hash>::merge(Ref& into, Ref from, unsigned bits) {
  if (!from) return 0;
  if (!into) {
    into = std::move(from);
    return 0;
  }
  std::size_t known = 0;
  if (from.get()->leaf) {
    for (const Entry& entry : static_cast<const Leaf&>(*from.get()).entries) {
      if (!add(&into, hash_of(entry.key), entry.key, entry.value, bits)) ++known;
    }
    return known;
  }
  if (into.get()->leaf) {
    // The other way round: what is added then is what is there already, and must not take the place of what comes.
    for (const Entry& entry : static_cast<const Leaf&>(*into.get()).entries) {
      const Ref* at = &from;
      const std::uint64_t hash = hash_of(entry.key);
      unsigned depth = bits;
      for (; *at && !at->get()->leaf; depth += kBits) {
        at = &static_cast<const Branch*>(at->get())->children[way(hash, depth)];
      }
      const bool there = *at && static_cast<const Leaf*>(at->get())->position(hash, entry.key) != kNotFound;
      if (there) {
        ++known;
      } else {
        add(&from, hash, entry.key, entry.value, bits);
      }
    }
    into = std::move(from);
    return known;
  }
  auto& children = into.template own<Branch>().children;
  auto& others = from.template own<Branch>().children;
  for (std::size_t i = 0; i < kWays; ++i) known += merge(children[i], std::move(others[i]), bits + kBits);
  return known;
}

template <class V, class Hash>
void PersistentMap<V, Hash>::erase(std::string_view key) {
  if (find_entry(key) == nullptr) return;
  if (remove(root_, hash_of(key), key, 0)) root_ = Ref();
  --size_;
}

}  // namespace redoubt::state
