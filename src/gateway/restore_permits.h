// Where else than in prose values may be put back for their placeholders, by the policies that permit the request.
//
// A value; any thread.
#pragma once

namespace redoubt::gateway {

struct RestorePermits {
  bool links = false;  // links, images, HTML tags, addresses: what is restored there may be sent to wherever it leads
  bool tool_arguments = false;  // what a model tells tools

  // What both permit.
  friend RestorePermits operator&(const RestorePermits& a, const RestorePermits& b) {
    return {a.links && b.links, a.tool_arguments && b.tool_arguments};
  }
  friend bool operator==(const RestorePermits&, const RestorePermits&) = default;
};

}  // namespace redoubt::gateway
