// Which server an administrative command talks to, and as whom. The server on this machine asks for the same key as a
// remote one: neither the folder nor a user id makes anybody an administrator.
#pragma once

#include <string>

#include "base/result.h"
#include "redoubt/output.h"

namespace redoubt::app {

// As on the command line; empty where nothing was said.
struct AdminOptions {
  std::string profile;
  std::string url;
  std::string ca_file;
  std::string key_file;
};

struct AdminAccess {
  std::string url;      // empty: the socket
  std::string ca_file;  // trust anchors for https; empty: the system's
  std::string key;
  std::string where;  // for messages: the URL, or the path of the socket
  std::string words;  // what a further command needs to reach the same server: ` --dir /srv/redoubt`
};

// By --url, else the profile, else the socket of --dir. The key: from --key-file, REDOUBT_ADMIN_KEY, the profile's
// file, or the terminal, which is asked without echo; never from the command line, which others can see. Errors:
// kInvalidArgument (no key; a URL that would send it in the clear), those of the files; kPermissionDenied for a key
// file that others can read.
Result<AdminAccess> find_access(const Common& common, const AdminOptions& options);

// The first line of a file that its owner alone can read.
Result<std::string> read_key_file(const std::string& path);

}  // namespace redoubt::app
