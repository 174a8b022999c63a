// Says who signed a checkpoint, and who saw it.
import { base64, refusal } from './bytes.mjs';
import { isCoseLine } from './note.mjs';
import { timeText } from './report.mjs';
import { openCheckpoint } from './trust.mjs';

const clockSkew = 300n; // seconds that a witness's clock may be ahead of this computer's

// Of signature lines whose key is not known, the length is all there is to go by.
const likelyKinds = {
  64: ', in length an Ed25519 signature',
  72: ', in length an Ed25519 cosignature',
  2428: ', in length an ML-DSA-44 cosignature',
};

// Returns what openCheckpoint does, and besides `witnesses`, the names of those who saw it, and `accepted`, whether the
// log signed and the policy is content. Null when it is refused.
export async function describeCheckpoint(title, bytes, trust, now, report) {
  const group = report.group(title);
  let opened = null;
  const reason = await refusal(async () => {
    opened = await openCheckpoint(bytes, trust);
  });
  if (reason !== null) {
    group.fails(`It cannot be relied on: ${reason}.`);
    return null;
  }
  const { origin, size, root, extensions } = opened.checkpoint;
  const facts = [['Log', origin], ['Entries', String(size)], ['Root', base64(root)]];
  if (opened.signers.length > 0) {
    const keys = opened.signers.map(({ id }) => id).join(', ');
    group.holds(`The log's signature holds, by its key ${keys}. The log says:`, facts);
  } else {
    const missing = trust.logs.length > 0 ? 'No key that was given is its signer’s' : 'No key of its log was given';
    group.open(`${missing}: who made it is not known. It says:`, facts);
  }
  for (const line of extensions) group.note('It has an extension line, whose meaning is for its log to say:', [['', line]]);

  const seen = []; // the cosigners that count
  for (const { key, time } of opened.cosigners) {
    const saw = `${key.name} (${key.id}) saw this as the log's largest tree at ${timeText(time, now)}`;
    if (time > now + clockSkew) {
      group.open(`Witness ${saw}. This computer's clock has not reached that time, so it is not counted.`);
    } else {
      group.holds(`Witness ${saw}.`);
      seen.push({ key, time });
    }
  }
  for (const key of opened.unchecked) {
    group.note(`A signature of ${key.name} (${key.id}) is ML-DSA-44: recognised, not checked by this page.`);
  }
  for (const line of opened.unknown) {
    const { name, id, bytes: signature } = line;
    const isCose = await Promise.all(opened.signers.map((key) => isCoseLine(line, key)));
    if (isCose.includes(true)) {
      group.note("Passed over: the log's line for receipts of COSE, which this page does not check.");
    } else {
      group.note(`Ignored: a line of ${name} (${id}), whose key was not given${likelyKinds[signature.length] ?? ''}.`);
    }
  }
  const since = trust.quorum?.none === false ? quorumTime(trust.quorum, seen) : null;
  const quorumMet = trust.quorum === null || trust.quorum.none || since !== null;
  if (trust.quorum?.none) group.note('The policy asks for no witness.');
  else if (since !== null) group.holds(`The policy's quorum of witnesses is met, as of ${timeText(since, now)}.`);
  else if (!quorumMet) group.open("The policy's quorum of witnesses is not met.");
  if (opened.signers.length > 0 && seen.length === 0) {
    group.open('No known witness cosigned it: single signer, freshness unproven.');
  }
  const accepted = opened.signers.length > 0 && quorumMet;
  return { ...opened, witnesses: seen.map(({ key }) => key.name), quorumMet, accepted };
}

// The latest second that a whole quorum states or is later than; null when these cosigners make none.
function quorumTime(quorum, seen) {
  const times = seen.map(({ time }) => time).sort((a, b) => (a < b ? 1 : -1));
  return times.find((since) => quorum.met((key) => seen.some((one) => one.key === key && one.time >= since))) ?? null;
}
