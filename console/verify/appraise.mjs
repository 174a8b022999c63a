// From the things given to a report of what they prove, and what not.
//
// INVARIANT: a record is called proven only when its hash leads to the root of a checkpoint that a known key of the log
// signed, a given policy's quorum is met, and nothing that was given contradicts this or could not be read.
import { Refused, fromUtf8, refusal } from './bytes.mjs';
import { parseProofFile } from './checkpoint.mjs';
import { describeCheckpoint } from './describe_checkpoint.mjs';
import { describeContradictions, describeForkProof } from './describe_fork.mjs';
import { describeClaim, describeInclusion, describeMissing, describeTiles } from './describe_record.mjs';
import { parseForkProof } from './fork_proof.mjs';
import { parseReceipt, unwrapReceipt } from './receipt.mjs';
import { kinds, singleKinds } from './recognise.mjs';
import { Report, plural } from './report.mjs';
import { readTile } from './tile.mjs';
import { leafHash } from './tree.mjs';
import { gatherTrust } from './trust.mjs';

const maxEntrySize = 65535; // bytes (C2SP tlog-tiles, Log Entries)

// items: [{ kind, name, bytes, path }], of the kinds in recognise.mjs, path for tiles only. now: seconds since 1970.
// Returns { verdict, headline, detail, groups }; verdicts are empty, proven, alone, open, fails and fork.
export async function appraise(items, now = BigInt(Math.floor(Date.now() / 1000))) {
  if (items.length === 0) return { verdict: 'empty', headline: '', detail: '', groups: [] };
  const report = new Report();
  const given = await read(items, report);

  const claim = describeClaim(given, report);
  const checkpoints = [];
  for (const { name, bytes, proof } of given.checkpoints) {
    const opened = await describeCheckpoint(`Checkpoint in “${name}”`, bytes, given.trust, now, report);
    if (opened !== null) checkpoints.push({ ...opened, name, proof });
  }
  const proven = [];
  for (const checkpoint of checkpoints) proven.push(...(await describeInclusion(checkpoint, claim, report)));
  proven.push(...(await describeTiles(given.tiles, claim, checkpoints, report)));
  if (proven.length === 0) describeMissing(claim, checkpoints, report);

  let forked = describeContradictions(checkpoints, report);
  if (given.fork !== null) forked = (await describeForkProof(given.fork, given.trust, now, report)) || forked;

  const conclusion = conclude(report, { forked, claim, proven, checkpoints });
  if (proven.length > 0) describeLimits(conclusion.verdict, report);
  return { ...conclusion, groups: report.groups.filter(({ statements }) => statements.length > 0) };
}

// Reads each thing as what it is said to be, and says which cannot be.
async function read(items, report) {
  const group = report.group('What was given');
  const given = { receipt: null, leaves: [], checkpoints: [], tiles: [], fork: null };
  const of = (kind) => items.filter((item) => item.kind === kind);
  const each = async (kind, use) => {
    for (const item of of(kind)) {
      const reason = await refusal(() => use(item));
      if (reason !== null) group.fails(`“${item.name}” cannot be relied on as a ${kinds[kind]}: ${reason}.`);
    }
  };
  const textOf = ({ name, bytes }) => {
    const text = fromUtf8(bytes);
    if (text === null) throw new Refused(`“${name}” is not UTF-8 text`);
    return text;
  };

  for (const kind of singleKinds) {
    if (of(kind).length > 1) group.fails(`More than one ${kinds[kind]} was given: take away all but one.`);
  }
  // Keys that cannot be read are no keys: everything then stays unproven.
  given.trust = { logs: [], witnesses: [], quorum: null };
  const reason = await refusal(async () => {
    given.trust = await gatherTrust(of('keys').map(textOf), of('policy')[0]?.bytes);
  });
  if (reason !== null) group.fails(`The keys cannot be relied on: ${reason}.`);

  await each('receipt', (item) => {
    given.receipt = parseReceipt(unwrapReceipt(textOf(item)));
  });
  await each('record', async ({ bytes }) => {
    if (bytes.length > maxEntrySize) throw new Refused('an entry has at most 65,535 bytes');
    given.leaves.push({ hash: await leafHash(bytes), of: 'the record' });
    // Programs and editors put a newline behind a record that the entry does not have.
    if (bytes.at(-1) === 0x0a) {
      given.leaves.push({ hash: await leafHash(bytes.slice(0, -1)), of: 'the record without its last newline' });
    }
  });
  await each('proof', ({ name, bytes }) => {
    const proof = parseProofFile(bytes);
    given.checkpoints.push({ name, bytes: proof.checkpoint, proof });
  });
  await each('checkpoint', ({ name, bytes }) => given.checkpoints.push({ name, bytes, proof: null }));
  await each('tile', ({ path, bytes }) => given.tiles.push(readTile(path, bytes)));
  await each('fork', ({ bytes }) => {
    given.fork = parseForkProof(bytes);
  });
  return given;
}

function conclude(report, { forked, claim, proven, checkpoints }) {
  if (forked) {
    return {
      verdict: 'fork',
      headline: 'This log has forked.',
      detail: "It signed two histories that cannot both be true. Keep these files: whoever has the log's key can check them.",
    };
  }
  const failed = report.first('fails');
  if (failed !== undefined) return { verdict: 'fails', headline: 'This does not hold.', detail: failed.text };
  if (proven.length > 0) {
    const [best] = [...proven].sort((a, b) => b.checkpoint.witnesses.length - a.checkpoint.witnesses.length);
    const { origin, size } = best.checkpoint.checkpoint;
    const place = `Entry ${best.index} of the ${plural(size, 'entry', 'entries')} of ${origin}, signed by the log`;
    const witnesses = best.checkpoint.witnesses;
    if (witnesses.length === 0) {
      return {
        verdict: 'alone',
        headline: `${claim.subject} is in the log, on its signer's word alone.`,
        detail: `${place}. Single signer, freshness unproven: no witness says that others see the same log.`,
      };
    }
    return {
      verdict: 'proven',
      headline: `${claim.subject} is in the log.`,
      detail: `${place} and seen by ${plural(witnesses.length, 'witness', 'witnesses')}: ${witnesses.join(', ')}.`,
    };
  }
  const signed = checkpoints.filter(({ signers }) => signers.length > 0);
  let headline = 'Nothing is proven yet.';
  if (checkpoints.length > 0 && signed.length === 0) headline = "Nothing is proven: the log's key is missing.";
  else if (signed.length > 0 && !signed.some(({ quorumMet }) => quorumMet)) {
    headline = "Not proven: the policy's quorum of witnesses is not met.";
  } else if (signed.length > 0) headline = 'The checkpoint is signed, but no record is proven.';
  return { verdict: 'open', headline, detail: 'What is missing stands below.' };
}

// What no proof of this kind says.
function describeLimits(verdict, report) {
  const group = report.group('What this does not prove');
  group.note('That what the record says is true: only that it was recorded, and has not been changed since.');
  group.note('Whose the keys are: you decided that when you gave them.');
  if (verdict === 'alone') {
    group.note('That others were shown the same log, or that this is not an old state of it: only witnesses say that.');
  }
}
