// What kind of thing a person gave. A guess, which the person can overrule: what it is taken for is then read strictly.
import { fromUtf8 } from './bytes.mjs';
import { proofFileFirstLine } from './checkpoint.mjs';
import { unwrapReceipt } from './receipt.mjs';
import { parseTilePath } from './tile.mjs';

export const kinds = {
  record: 'record',
  receipt: 'receipt',
  proof: 'proof file',
  checkpoint: 'checkpoint',
  keys: 'keys',
  policy: 'policy',
  tile: 'hash tile',
  fork: 'fork proof',
};

// Of these only one at a time is looked at.
export const singleKinds = ['record', 'receipt', 'proof', 'policy', 'fork'];

export const maxFileSize = 4 * 1024 * 1024; // bytes; above the limit of every format

const tilePathIn = (name) => /(?:^|\/)(tile\/.*)$/.exec(name)?.[1] ?? '';

export function recognise(name, bytes) {
  const text = fromUtf8(bytes);
  if (parseTilePath(tilePathIn(name)) !== null) return 'tile';
  if (text === null) return bytes.length % 32 === 0 && bytes.length <= 8192 ? 'tile' : 'record';
  if (text.startsWith('{')) return 'record';
  if (text.startsWith(`${proofFileFirstLine}\n`)) return 'proof';
  if (text.startsWith('redoubt/fork-proof@')) return 'fork';
  if (text.includes('\n\n\u2014 ')) return 'checkpoint';
  if (/^(?:origin="|index=[0-9]|leaf=:)/.test(unwrapReceipt(text))) return 'receipt';
  if (/^[ \t]*quorum[ \t]/m.test(text)) return 'policy';
  if (/^\s*[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+\s*$/m.test(text)) return 'keys';
  return 'record';
}

// Files lose their folder when they are dropped one by one: the tile that they most likely are.
export function likelyTilePath(name, bytes) {
  const path = tilePathIn(name);
  if (parseTilePath(path) !== null) return path;
  const width = bytes.length / 32;
  return width === 256 ? 'tile/0/000' : `tile/0/000.p/${Math.max(1, Math.floor(width))}`;
}
