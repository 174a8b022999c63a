// The checks, one for each kind of data. Each records an outcome for everything in its set that it can check, and notes
// what it cannot.
#pragma once

#include "redoubt/conform/data_set.h"

namespace redoubt::app::conform {

// transparency-dev/merkle's proofs, good and broken:
// {inclusion,consistency,subtreeinclusion,subtreeconsistency}/….json.
void check_merkle_probes(DataSet& set);
// Leaves with the roots and proofs of another implementation, in hexadecimal: *.json.
void check_tree_vectors(DataSet& set);
// C2SP CCTV's signatures at the edges of Ed25519: *.json.
void check_ed25519_vectors(DataSet& set);
// Examples out of C2SP's texts, `SPECIFICATION-….txt`, and keys, `*.vkey`.
void check_c2sp_examples(DataSet& set);
// A log as Tessera writes it, with several checkpoints of it: `vkey.txt`, `checkpoint.SIZE`, `tile/…`.
void check_tessera_log(DataSet& set);
// Requests to a witness, and the replies of another one: *.json. They are put to ours in their order.
void check_witness_cases(DataSet& set);
// Mirrors: `…/mirror.v0.json`, beside it a folder for each mirrored log. Their entry bundles are placeholders: what is
// checked is that they are refused.
void check_mirror(DataSet& set);
// A Certificate Transparency log's tiles (C2SP static-ct-api), without a checkpoint: `tile/…`.
void check_static_ct_log(DataSet& set);
// Sigstore bundles with the proofs of Rekor: `…/bundle.sigstore.json`, `README` and often `trusted_root.json`.
void check_rekor_bundles(DataSet& set);

}  // namespace redoubt::app::conform
