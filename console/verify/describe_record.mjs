// Says whether a record, or the record that a receipt names, is in the log.
import { base64, equal, refusal } from './bytes.mjs';
import { appraiseTiles, tileWidth } from './tile.mjs';
import { verifyInclusion } from './tree.mjs';

// What is to be proven: { subject, leaves: [{ hash, of }], receipt }. One of the leaves is the record's; there is none
// left when record and receipt disagree. Null when neither was given.
export function describeClaim({ receipt, leaves }, report) {
  if (receipt === null && leaves.length === 0) return null;
  const facts = receipt && [['Log', receipt.origin], ['Index', String(receipt.index)], ['Leaf', base64(receipt.leaf)]];
  if (leaves.length === 0) {
    report.group('Receipt').note('It names a record by its leaf hash. The record itself was not given.', facts);
    return { subject: "This receipt's record", leaves: [{ hash: receipt.leaf, of: 'the record' }], receipt };
  }
  const group = report.group('Record');
  if (receipt === null) {
    group.note('Its leaf hash, computed here:', [['Leaf', base64(leaves[0].hash)]]);
    return { subject: 'This record', leaves, receipt };
  }
  const same = leaves.filter(({ hash }) => equal(hash, receipt.leaf));
  if (same.length > 0) group.holds(`The receipt is for this record: its leaf is the hash of ${same[0].of}.`, facts);
  else group.fails('The receipt is not for this record: its leaf is another hash.', facts);
  return { subject: 'This record', leaves: same, receipt };
}

// Checks the proof that came with this checkpoint. Returns [{ index, checkpoint }] when the claim is proven, or [].
export async function describeInclusion(checkpoint, claim, report) {
  const { proof, accepted } = checkpoint;
  if (proof === null) return [];
  const group = report.group('Inclusion proof');
  const { origin, size, root } = checkpoint.checkpoint;
  const place = `entry ${proof.index} of ${size}`;
  if (claim === null) {
    group.open(`It is for ${place}, but of which record, it does not say: add the record or its receipt.`);
    return [];
  }
  const { receipt } = claim;
  if (receipt !== null && (receipt.origin !== origin || receipt.index !== proof.index)) {
    group.fails(`The receipt is for entry ${receipt.index} of ${receipt.origin}, the proof for ${place} of ${origin}.`);
    return [];
  }
  if (receipt !== null) group.holds(`Receipt and proof are for the same place: entry ${proof.index} of ${origin}.`);
  let reason = 'record and receipt disagree';
  for (const { hash, of } of claim.leaves) {
    reason = await refusal(() => verifyInclusion(hash, proof.index, size, proof.proof, root));
    if (reason !== null) continue;
    if (accepted) group.holds(`The hash of ${of} leads to the root that the log signed: it is ${place}.`);
    else group.open(`The hash of ${of} leads to the checkpoint's root as ${place}, but this checkpoint is not accepted.`);
    return accepted ? [{ index: proof.index, checkpoint }] : [];
  }
  group.fails(`The record is not ${place}: ${reason}.`);
  return [];
}

// Checks hash tiles against each checkpoint. Returns, like describeInclusion, where they prove the claim.
export async function describeTiles(tiles, claim, checkpoints, report) {
  if (tiles.length === 0) return [];
  const group = report.group('Hash tiles');
  if (checkpoints.length === 0) group.open('Hashes alone say nothing: add a checkpoint of the log.');
  const proven = [];
  for (const checkpoint of checkpoints) {
    const { origin, size, root } = checkpoint.checkpoint;
    const tree = `the tree of ${size} entries of ${origin}`;
    const { complete, holding, contradicting } = await appraiseTiles(tiles, size, root);
    for (const tile of tiles) {
      if (contradicting.includes(tile)) {
        const together = tiles.length > 1 ? ', together with the others,' : '';
        group.fails(`${tile.path}${together} does not lead to the root of ${tree}.`);
      } else if (!holding.includes(tile)) {
        group.open(`${tile.path}: ${whyNot(tile, size, complete)}`);
      } else if (!checkpoint.accepted) {
        group.open(`${tile.path} is of ${tree}, but its checkpoint is not accepted.`);
      } else {
        group.holds(`${tile.path} is of ${tree}: its hashes lead to the root that the log signed.`);
        proven.push(...describeEntry(tile, claim, checkpoint, group));
      }
    }
  }
  return proven;
}

function whyNot(tile, size, complete) {
  const width = tileWidth(tile.level, tile.index, size);
  if (width === 0) return `a tree of ${size} entries has no such tile.`;
  if (width !== tile.width) return `in a tree of ${size} entries this tile has ${width} hashes, not ${tile.width}.`;
  return complete
    ? 'the tiles that lead from it to the root are missing.'
    : 'the root cannot be computed without the other tiles at the right edge of the tree.';
}

// Whether the claim is an entry of this tile, which holds.
function describeEntry(tile, claim, checkpoint, group) {
  if (claim === null || tile.level !== 0) return [];
  const { receipt, leaves } = claim;
  if (receipt !== null && receipt.origin !== checkpoint.checkpoint.origin) return [];
  const first = tile.index * 256n;
  const at = tile.hashes.findIndex(
    (hash, i) => (receipt === null || receipt.index === first + BigInt(i)) &&
      leaves.some((leaf) => equal(leaf.hash, hash)));
  if (at >= 0) {
    group.holds(`The hash of the record stands in ${tile.path} as entry ${first + BigInt(at)}.`);
    return [{ index: first + BigInt(at), checkpoint }];
  }
  if (receipt !== null && receipt.index >= first && receipt.index < first + BigInt(tile.width)) {
    group.fails(`Entry ${receipt.index} in ${tile.path} is another record.`);
  }
  return [];
}

// Says what a claim that nothing proved still lacks.
export function describeMissing(claim, checkpoints, report) {
  if (claim === null || claim.receipt === null) {
    if (claim !== null && !checkpoints.some(({ proof }) => proof !== null)) {
      report.group('Proof').open('A record alone proves nothing: add its proof file.');
    }
    return;
  }
  const { origin, index } = claim.receipt;
  const ofLog = checkpoints.filter(({ checkpoint }) => checkpoint.origin === origin);
  if (checkpoints.some(({ proof }) => proof !== null)) return; // describeInclusion said why
  const group = report.group('Proof');
  if (ofLog.length === 0) {
    group.open(`A receipt alone proves nothing yet. It is a proof once a checkpoint covers it: add the proof file of entry ${index}.`);
  } else if (ofLog.some(({ checkpoint }) => checkpoint.size > index)) {
    group.open(`A checkpoint covers entry ${index}, but only a proof file ties the receipt's leaf to its root.`);
  } else {
    group.open(`No checkpoint given covers entry ${index} yet: ask the log for a newer one.`);
  }
}
