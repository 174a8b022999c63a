// Says whether a log signed what cannot both be true.
import { base64, equal, refusal } from './bytes.mjs';
import { describeCheckpoint } from './describe_checkpoint.mjs';
import { verifyContradiction } from './fork_proof.mjs';

const isSigned = ({ signers }) => signers.length > 0;

// Two checkpoints of one size need nothing else. Returns whether a fork is proven.
export function describeContradictions(checkpoints, report) {
  let forked = false;
  for (const [i, a] of checkpoints.entries()) {
    for (const b of checkpoints.slice(0, i)) {
      const [one, other] = [b.checkpoint, a.checkpoint];
      if (one.origin !== other.origin || one.size !== other.size || equal(one.root, other.root)) continue;
      const group = report.group('Two histories');
      const facts = [['Log', one.origin], ['Entries', String(one.size)], ['One root', base64(one.root)],
                     ['Another root', base64(other.root)]];
      if (isSigned(a) && isSigned(b)) {
        forked = true;
        group.holds('The log signed two different trees of one size. A log that only ever grows has one.', facts);
      } else {
        group.fails('These checkpoints of one size have different roots. Not both are known to be of the log.', facts);
      }
    }
  }
  return forked;
}

// Returns whether the fork proof holds: known keys of the log signed both checkpoints, and no tree has both.
export async function describeForkProof(fork, trust, now, report) {
  const first = await describeCheckpoint('First checkpoint of the fork proof', fork.first, trust, now, report);
  const second = await describeCheckpoint('Second checkpoint of the fork proof', fork.second, trust, now, report);
  const group = report.group('Fork proof');
  if (first === null || second === null) {
    group.fails('It proves nothing: one of its checkpoints cannot be relied on.');
    return false;
  }
  const reason = await refusal(() => verifyContradiction(fork.path, first.checkpoint, second.checkpoint));
  if (reason !== null) {
    group.fails(`It proves nothing: ${reason}.`);
    return false;
  }
  if (!isSigned(first) || !isSigned(second)) {
    group.open('No tree has both checkpoints, but not both are known to be of the log: its key is missing.');
    return false;
  }
  const [{ size }, { size: larger }] = [first.checkpoint, second.checkpoint];
  group.holds(`The log's tree of ${larger} entries does not begin with the tree of ${size} entries that it signed.`);
  return true;
}
