// The hashes of an RFC 6962 Merkle tree, and what they prove. Sizes and indices are BigInt: they have 64 bits.
import { Refused, concat, equal } from './bytes.mjs';

export const maxTreeSize = (1n << 63n) - 1n; // kMaxTreeSize of src/tlog/hash.h

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

// RFC 6962 §2.1.
export const leafHash = (entry) => sha256(concat([0], entry));
export const nodeHash = (left, right) => sha256(concat([1], left, right));

const isOdd = (n) => (n & 1n) === 1n;

// RFC 9162 §2.1.3.2, with its names. Returns when `proof` leads from the leaf to the root, and throws otherwise.
export async function verifyInclusion(leaf, index, size, proof, root) {
  if (index >= size) throw new Refused('the leaf index is not in the tree');
  let fn = index;
  let sn = size - 1n;
  let r = leaf;
  for (const p of proof) {
    if (sn === 0n) throw new Refused('the inclusion proof is too long');
    if (isOdd(fn) || fn === sn) {
      r = await nodeHash(p, r);
      for (; !isOdd(fn) && fn !== 0n; fn >>= 1n) sn >>= 1n;
    } else {
      r = await nodeHash(r, p);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  if (sn !== 0n) throw new Refused('the inclusion proof is too short');
  if (!equal(r, root)) throw new Refused('the inclusion proof does not lead to the root');
}

// RFC 9162 §2.1.4.2 after its step 2, with its names: the roots { fr, sr } that the trees of these sizes have, if `path`
// is of the second. Whoever knows that `sr` is right knows that `fr` is, too. Throws unless 0 < from < to and the path
// has the length that these sizes need.
export async function consistencyRoots(from, to, path) {
  if (from === 0n || from >= to) throw new Refused('a path leads from a tree to a larger one');
  if (path.length === 0) throw new Refused('the consistency path is too short');
  let fn = from - 1n;
  let sn = to - 1n;
  for (; isOdd(fn); fn >>= 1n) sn >>= 1n;
  let fr = path[0];
  let sr = path[0];
  for (const c of path.slice(1)) {
    if (sn === 0n) throw new Refused('the consistency path is too long');
    if (isOdd(fn) || fn === sn) {
      fr = await nodeHash(c, fr);
      sr = await nodeHash(c, sr);
      for (; !isOdd(fn) && fn !== 0n; fn >>= 1n) sn >>= 1n;
    } else {
      sr = await nodeHash(sr, c);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  if (sn !== 0n) throw new Refused('the consistency path is too short');
  return { fr, sr };
}
