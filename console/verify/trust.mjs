// What known keys say about a checkpoint. Everything shown as signed has passed here.
import { Refused, equal } from './bytes.mjs';
import { parseCheckpoint } from './checkpoint.mjs';
import { distinctKeys, keyOf, noteText, parseNote, parseVerifierKey, type, verifySignature } from './note.mjs';
import { parsePolicy } from './policy.mjs';

// Text of one vkey a line; blank lines and spaces around do not matter, since people paste this.
export async function parseKeys(text) {
  const lines = text.split('\n').map((line) => line.trim());
  return Promise.all(lines.filter((line) => line !== '').map(parseVerifierKey));
}

// Keys from any number of key files and at most one policy: { logs, witnesses, quorum }, the last null without policy.
// What a key outside a policy is for follows from its type.
export async function gatherTrust(keyTexts, policyBytes) {
  const policy = policyBytes ? await parsePolicy(policyBytes) : { logs: [], witnesses: [], quorum: null };
  const keys = (await Promise.all(keyTexts.map(parseKeys))).flat();
  const ofPolicy = [...policy.logs, ...policy.witnesses];
  const all = distinctKeys([...ofPolicy, ...keys]);
  const others = all.slice(ofPolicy.length);
  for (const key of others.filter((other) => other.type !== type.ed25519)) {
    // The signed message of a cosignature does not hold the witness's name: one key is one party.
    const same = all.find((other) => other !== key && equal(other.publicKey, key.publicKey));
    if (same !== undefined) throw new Refused(`\`${key.name}\` and \`${same.name}\` have one key, so are not two parties`);
  }
  return {
    logs: [...policy.logs, ...others.filter((key) => key.type === type.ed25519)],
    witnesses: [...policy.witnesses, ...others.filter((key) => key.type !== type.ed25519)],
    quorum: policy.quorum,
  };
}

// Verifies the signed note of a checkpoint. Returns
//   { checkpoint, text, signers, cosigners: [{ key, time }], unchecked: [key], unknown: [signature] }
// signers are keys of the log; without one, the checkpoint is nobody's word. Throws Refused for another form, for a
// line of a known key that does not hold, and when keys of other logs alone signed.
export async function openCheckpoint(bytes, trust) {
  const { text, signatures } = parseNote(noteText(bytes));
  const checkpoint = parseCheckpoint(text);
  const opened = { checkpoint, text, signers: [], cosigners: [], unchecked: [], unknown: [] };
  for (const signature of signatures) {
    const key = keyOf(signature, [...trust.logs, ...trust.witnesses]);
    if (key === undefined) {
      opened.unknown.push(signature);
    } else {
      const { holds, checked, time } = await verifySignature(key, text, signature.bytes);
      // "If a signature from a known key fails to verify, clients SHOULD reject the whole note" (C2SP signed-note).
      if (!holds) throw new Refused(`the signature of \`${key.name}\` does not hold`);
      if (!checked) {
        if (!opened.unchecked.includes(key)) opened.unchecked.push(key);
      } else if (trust.logs.includes(key)) {
        if (!opened.signers.includes(key)) opened.signers.push(key);
      } else {
        const earlier = opened.cosigners.find((cosigner) => cosigner.key === key);
        if (earlier === undefined) opened.cosigners.push({ key, time });
        else if (time > earlier.time) earlier.time = time;
      }
    }
  }
  // The origin is the name of a key that signed, as open_checkpoint in src/tlog/checkpoint.h has it.
  if (opened.signers.length > 0 && !opened.signers.some((key) => key.name === checkpoint.origin)) {
    throw new Refused(`the checkpoint is of another log, \`${checkpoint.origin}\``);
  }
  return opened;
}
