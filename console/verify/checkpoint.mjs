// Checkpoints, and proof files that end in one (C2SP tlog-checkpoint, tlog-proof). What they say is to be believed
// only once a known key is found to have signed it: trust.mjs.
import { Lines, Refused, fromBase64, fromUtf8, parseDecimal, parseHash, utf8 } from './bytes.mjs';
import { maxNoteSize } from './note.mjs';
import { maxTreeSize } from './tree.mjs';

// The limits of src/tlog/proof_file.h.
const maxProofHashes = 63;
const maxExtraSize = 64 * 1024; // bytes, decoded
const maxProofFileSize = maxNoteSize + 128 * 1024; // bytes

// A note text: { origin, size, root, extensions }.
export function parseCheckpoint(text) {
  if (!text.endsWith('\n')) throw new Refused('the checkpoint does not end in a newline');
  const lines = new Lines(text);
  const [origin, sizeLine, rootLine] = [lines.take(), lines.take(), lines.take()];
  if (rootLine === null) throw new Refused('the checkpoint has fewer than three lines');
  if (origin === '') throw new Refused("the checkpoint's origin is empty");
  const size = parseDecimal(sizeLine);
  if (size === null || size > maxTreeSize) throw new Refused("the checkpoint's second line is not a tree size");
  const root = parseHash(rootLine);
  if (root === null) throw new Refused("the checkpoint's third line is not a root hash");
  const extensions = [];
  for (let line = lines.take(); line !== null; line = lines.take()) {
    if (line === '') throw new Refused('the checkpoint has an empty line');
    extensions.push(line);
  }
  return { origin, size, root, extensions };
}

export const proofFileFirstLine = 'c2sp.org/tlog-proof@v1';

// Takes a proof file apart and verifies nothing: { extra, index, proof, checkpoint }, the last as bytes of a note.
export function parseProofFile(bytes) {
  if (bytes.length > maxProofFileSize) throw new Refused('the proof file is too long');
  const text = fromUtf8(bytes);
  if (text === null) throw new Refused('the proof file is not UTF-8 text');
  const lines = new Lines(text);
  if (lines.take() !== proofFileFirstLine) throw new Refused('the proof file does not begin with its version');
  let line = lines.take();
  let extra = null;
  if (line?.startsWith('extra ')) {
    extra = fromBase64(line.slice('extra '.length));
    // "If no extra data is present, this line is omitted" (C2SP tlog-proof, Format).
    if (extra === null || extra.length === 0) throw new Refused("the proof file's extra data is not base64");
    if (extra.length > maxExtraSize) throw new Refused("the proof file's extra data is too long");
    line = lines.take();
  }
  const index = line?.startsWith('index ') ? parseDecimal(line.slice('index '.length)) : null;
  if (index === null || index >= maxTreeSize) throw new Refused('the proof file has no leaf index');
  const proof = [];
  for (line = lines.take(); line !== ''; line = lines.take()) {
    if (line === null) throw new Refused('the proof file has no empty line before its checkpoint');
    if (proof.length === maxProofHashes) throw new Refused('the inclusion proof is too long');
    const hash = parseHash(line);
    if (hash === null) throw new Refused('a line of the inclusion proof is not a hash');
    proof.push(hash);
  }
  if (lines.rest === '') throw new Refused('the proof file has no checkpoint');
  return { extra, index, proof, checkpoint: utf8(lines.rest) };
}
