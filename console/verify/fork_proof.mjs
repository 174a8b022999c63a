// Fork proofs (docs/formats/fork-proof.md): two checkpoints that a log signed and that cannot both be true.
import { Lines, Refused, equal, fromUtf8, parseHash, utf8 } from './bytes.mjs';
import { maxNoteSize } from './note.mjs';
import { consistencyRoots } from './tree.mjs';

const maxPathHashes = 64;
const maxForkProofSize = 2 * maxNoteSize + 16 * 1024; // bytes

export const forkProofFirstLine = 'redoubt/fork-proof@v1';

// Takes a fork proof apart and verifies nothing: { path, first, second }, the last two as bytes of notes.
export function parseForkProof(bytes) {
  if (bytes.length > maxForkProofSize) throw new Refused('the fork proof is too long');
  const text = fromUtf8(bytes);
  if (text === null) throw new Refused('the fork proof is not UTF-8 text');
  const lines = new Lines(text);
  if (lines.take() !== forkProofFirstLine) throw new Refused('the fork proof does not begin with its version');
  const path = [];
  for (let line = lines.take(); line !== ''; line = lines.take()) {
    if (line === null) throw new Refused('the fork proof has no empty line before its checkpoints');
    if (path.length === maxPathHashes) throw new Refused('the consistency path is too long');
    const hash = parseHash(line);
    if (hash === null) throw new Refused('a line of the consistency path is not a hash');
    path.push(hash);
  }
  // A note of a checkpoint has one empty line, between text and signatures; the next one ends it.
  const signatures = lines.rest.indexOf('\n\n');
  const end = signatures < 0 ? -1 : lines.rest.indexOf('\n\n', signatures + 2);
  const second = end < 0 ? '' : lines.rest.slice(end + 2);
  if (second === '') throw new Refused('the fork proof does not have two checkpoints');
  return { path, first: utf8(lines.rest.slice(0, end + 1)), second: utf8(second) };
}

// Whether the two checkpoints, as parsed, contradict each other: returns when they do, and throws otherwise. That the
// log signed both is for the caller to know.
export async function verifyContradiction(path, first, second) {
  if (first.origin !== second.origin) throw new Refused('the two checkpoints are of different logs');
  if (first.size > second.size) throw new Refused('the first checkpoint is the larger');
  let firstRootInSecond = second.root;
  if (first.size < second.size) {
    const { fr, sr } = await consistencyRoots(first.size, second.size, path);
    if (!equal(sr, second.root)) throw new Refused("the path does not lead to the second checkpoint's root");
    firstRootInSecond = fr;
  } else if (path.length > 0) {
    throw new Refused('checkpoints of one size need no consistency path');
  }
  if (equal(first.root, firstRootInSecond)) throw new Refused('the two checkpoints agree');
}
