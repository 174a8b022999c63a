// What the commands `redoubt attest …` do. Each returns the exit status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace redoubt::app::attest_verbs {

// A signed file of one's own people, and how fresh it must be.
struct SignedFileOptions {
  std::string file;    // empty: none
  std::string signer;  // verifier key, or a file with it
  std::optional<double> max_age_days;
  std::string state;  // a file that remembers the highest sequence; empty: none is remembered
};

struct VerifyOptions {
  std::string kind;
  std::vector<std::string> inputs;  // ROLE=FILE
  std::string at;                   // RFC 3339, or `now`
  std::string nonce;                // hexadecimal; empty: not asked
  std::string policy;               // a file; empty: the strict one
  SignedFileOptions bundle;
};
int verify(const VerifyOptions& options, bool json);

// What is demanded of a server.
struct AcceptedServer {
  std::string policy;      // of an appraisal, a file; empty: made of the pin
  std::string pinned_key;  // SHA-256 of a TPM's key in hexadecimal, or a file with it
  SignedFileOptions references;
};

struct VerifyServerOptions {
  std::string url;      // https://…, without a path
  std::string ca_file;  // PEM; empty: the system's
  std::string at;
  AcceptedServer accepted;
  bool sealed = false;  // the key that requests are sealed to, rather than the connection
};
// Asks a running server for evidence on a new connection, and judges it.
int verify_server(const VerifyServerOptions& options, bool json);

struct ProxyOptions {
  std::string url;      // https://…, without a path
  std::string ca_file;  // PEM; empty: the system's
  std::string listen = "127.0.0.1:8079";
  AcceptedServer accepted;
  bool sealed = false;  // each request to a key, rather than on connections that are verified
};
// Forwards what comes to a port of this machine to a server that has shown what it is; until a signal comes.
int proxy(const ProxyOptions& options, bool json);

struct ShowOptions {
  std::string kind;
  std::vector<std::string> inputs;  // ROLE=FILE
};
// What evidence says, judged by nobody. kAnswerIsNo when some of it is not in its form.
int show(const ShowOptions& options, bool json);

struct AppraiseOptions {
  std::string policy;
  std::vector<std::string> parts;   // NAME=KIND
  std::vector<std::string> inputs;  // NAME:ROLE=FILE
  std::string at;
  std::string nonce;
  std::string statement;  // a file
  SignedFileOptions references;
};
int appraise(const AppraiseOptions& options);

struct BundleOptions {
  std::vector<std::string> items;  // KIND:ROLE[:CLAIM=VALUE[,…]]=FILE
  std::string references;          // a file to sign, instead of items
  std::string corim;               // the id of a CoRIM to write them as; empty: as they are
  std::string key;
  std::string new_key;  // the name of a key to make first
  std::uint64_t sequence = 0;
  std::string at;
  std::string out;
};
int make_bundle(const BundleOptions& options, bool json);

// What a signed file holds, after its signature was verified.
int show_bundle(const SignedFileOptions& options, bool json);

int conform(const std::string& folder, bool json);

}  // namespace redoubt::app::attest_verbs
