// Hash tiles (C2SP tlog-tiles): their names, and what some of them say about a root.
import { Refused, equal, parseDecimal } from './bytes.mjs';
import { nodeHash } from './tree.mjs';

const width = 256; // hashes in a full tile
const hashSize = 32; // bytes

// The id spelled by `path`: { level, index, width }, or null. Only the one spelling of the standard is accepted.
export function parseTilePath(path) {
  const [, level, groups, last, partial] =
    /^tile\/(0|[1-9][0-9]?)\/((?:x[0-9]{3}\/){0,6})([0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path) ?? [];
  if (level === undefined || Number(level) > 63 || groups.startsWith('x000')) return null;
  const digits = groups.replace(/[x/]/g, '') + last;
  const index = parseDecimal(digits.replace(/^0+(?=.)/, ''));
  if (index === null || Number(partial ?? 1) >= width) return null;
  return { level: Number(level), index, width: Number(partial ?? width) };
}

// The hashes of the tile that `path` names. Refuses another number of bytes than the name says.
export function readTile(path, bytes) {
  const id = parseTilePath(path);
  if (id === null) throw new Refused(`\`${path}\` is not the path of a hash tile, as in tile/0/000.p/5`);
  if (bytes.length !== id.width * hashSize) {
    throw new Refused(`a tile of that name has ${id.width * hashSize} bytes, this file ${bytes.length}`);
  }
  const hashes = [];
  for (let at = 0; at < bytes.length; at += hashSize) hashes.push(bytes.slice(at, at + hashSize));
  return { ...id, path, hashes };
}

// The root of the complete subtree over hashes whose number is a power of two.
async function completeRoot(hashes) {
  let row = hashes;
  while (row.length > 1) {
    const next = [];
    for (let i = 0; i < row.length; i += 2) next.push(await nodeHash(row[i], row[i + 1]));
    row = next;
  }
  return row[0];
}

// Which of `tiles` are those of a tree of this size and root: { complete, holding, contradicting }. Complete: the
// right edge of the tree is among them, so that its root could be computed. Only when that root is `root` does any
// tile hold: those of the edge, and then each full one whose own root stands in a tile that holds.
export async function appraiseTiles(tiles, size, root) {
  const known = tiles.filter((tile) => tile.width === tileWidth(tile.level, tile.index, size));
  const at = (level, index) => known.find((tile) => tile.level === level && tile.index === index);
  const children = (level, first, count) =>
    Array.from({ length: count }, (_, i) => at(level - 1, first + BigInt(i)));
  const verdict = { complete: false, holding: [], contradicting: [] };
  // From the right: the tail of each level that is in no tile of the level above.
  const edge = [];
  let right = null;
  for (let level = 0, count = size; count > 0n; ++level, count /= BigInt(width)) {
    const tail = Number(count % BigInt(width));
    if (tail === 0) continue;
    // Their hashes stand in a tile of this level, or are the roots of full tiles of the level below.
    const tile = at(level, count / BigInt(width));
    const from = tile === undefined ? children(level, count - BigInt(tail), tail) : [tile];
    if (from.includes(undefined)) return verdict;
    edge.push(...from);
    const hashes = tile?.hashes ?? (await Promise.all(from.map((child) => completeRoot(child.hashes))));
    for (let end = tail, run = 1; end > 0; run *= 2) {
      if ((end & run) === 0) continue;
      const complete = await completeRoot(hashes.slice(end - run, end));
      right = right === null ? complete : await nodeHash(complete, right);
      end -= run;
    }
  }
  if (right === null) return verdict; // the empty tree has no tiles
  verdict.complete = true;
  if (!equal(right, root)) {
    verdict.contradicting = edge;
    return verdict;
  }
  verdict.holding = edge;
  for (const parent of verdict.holding) {
    const below = children(parent.level, parent.index * BigInt(width), parent.width);
    for (const [i, child] of below.entries()) {
      if (child === undefined || verdict.holding.includes(child)) continue;
      // The loop above goes on over what is added here.
      const holds = equal(await completeRoot(child.hashes), parent.hashes[i]);
      (holds ? verdict.holding : verdict.contradicting).push(child);
    }
  }
  return verdict;
}

// The width that tile (level, index) has in a tree of this size; 0 when the tree has no such tile.
export function tileWidth(level, index, size) {
  const hashes = size >> BigInt(8 * level);
  const full = hashes / BigInt(width);
  if (index < full) return width;
  return index === full ? Number(hashes % BigInt(width)) : 0;
}
