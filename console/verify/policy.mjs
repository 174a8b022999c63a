// Whom a person trusts: a policy of logs, witnesses and a quorum (C2SP tlog-policy).
//
//   log example.org/ai+1a2b3c4d+AR…
//   witness W1 witness.example+5e6f7081+BA…
//   group enough 1 W1
//   quorum enough
import { Refused, equal, fromUtf8, parseDecimal } from './bytes.mjs';
import { keyOf, parseVerifierKey, type } from './note.mjs';

// The limits of src/tlog/trust_policy.h.
const maxPolicySize = 2 * 1024 * 1024; // bytes
const maxOfEach = 256; // logs, witnesses, groups

// "The allowed octet values are 0x09 (tab), 0x0A (newline), 0x20-0x7E, and 0x80-0xFF" (Character set). Names are
// opaque octets, so each character here stands for one.
function octets(bytes) {
  let text = '';
  for (const byte of bytes) {
    if ((byte < 0x20 && byte !== 0x09 && byte !== 0x0a) || byte === 0x7f) {
      throw new Refused('the policy has a control character');
    }
    text += String.fromCharCode(byte);
  }
  return text;
}

async function keyOfType(word, types) {
  const text = fromUtf8(Uint8Array.from(word, (c) => c.charCodeAt(0)));
  if (text === null) throw new Refused('a key is not UTF-8');
  const key = await parseVerifierKey(text);
  if (!types.includes(key.type)) throw new Refused(`the key of \`${key.name}\` is not of the type that belongs here`);
  return key;
}

function addDistinct(keys, key, others) {
  if (keys.length === maxOfEach) throw new Refused('the policy has too many logs or witnesses');
  // A line of the note would belong to both.
  if (keyOf(key, [...keys, ...others])) throw new Refused(`two keys share the name \`${key.name}\` and an id`);
  // "Two vkeys are considered duplicate if they wrap the same underlying public key" (Public key representation).
  if (keys.some((other) => equal(other.publicKey, key.publicKey))) {
    throw new Refused(`the key of \`${key.name}\` is there twice`);
  }
  keys.push(key);
}

function threshold(word, members) {
  if (word === 'all') return members.length;
  if (word === 'any') return 1;
  const k = parseDecimal(word) ?? 0n;
  if (k < 1n || k > BigInt(members.length)) throw new Refused('the threshold of a group is not from 1 to its number of members');
  return Number(k);
}

// { logs: [key], witnesses: [key], quorum: { none, met(holds) } }, where holds(key) says whether the witness with this
// key cosigned.
export async function parsePolicy(bytes) {
  if (bytes.length > maxPolicySize) throw new Refused('the policy is too long');
  const text = octets(bytes);
  if (!text.endsWith('\n')) throw new Refused('the policy does not end in a newline');
  const logs = [];
  const witnesses = [];
  const met = new Map(); // what the name of a witness or group asks for
  const members = new Set(); // names that are in a group
  let groups = 0;
  let quorum = null;

  const define = (name, rule) => {
    if (name === 'none' || met.has(name)) throw new Refused('a name of the policy is defined twice');
    met.set(name, rule);
  };
  const group = (name, k, ...names) => {
    for (const member of names) {
      if (!met.has(member)) throw new Refused('a group of the policy has a member that is not defined above it');
      // "Each defined name can be listed as a group member at most once" (Defining a witness group).
      if (members.has(member)) throw new Refused('a name of the policy is in two places');
      members.add(member);
    }
    if (++groups > maxOfEach) throw new Refused('the policy has too many groups');
    const needed = threshold(k, names);
    const rules = names.map((member) => met.get(member));
    define(name, (holds) => rules.filter((rule) => rule(holds)).length >= needed);
  };

  for (const line of text.slice(0, -1).split('\n')) {
    const [keyword, ...words] = line.split(/[\t ]+/).filter((word) => word !== '');
    if (keyword === undefined || keyword.startsWith('#')) continue;
    if (keyword === 'log' && (words.length === 1 || words.length === 2)) {
      addDistinct(logs, await keyOfType(words[0], [type.ed25519, type.mlDsa44]), witnesses);
    } else if (keyword === 'witness' && (words.length === 2 || words.length === 3)) {
      const key = await keyOfType(words[1], [type.cosignature, type.mlDsa44]);
      addDistinct(witnesses, key, logs);
      define(words[0], (holds) => holds(key));
    } else if (keyword === 'group' && words.length >= 3) {
      group(...words);
    } else if (keyword === 'quorum' && words.length === 1) {
      if (quorum !== null) throw new Refused('the policy has two quorum lines');
      const [name] = words;
      if (name !== 'none' && !met.has(name)) throw new Refused("the policy's quorum is not defined above it");
      quorum = { none: name === 'none', met: name === 'none' ? () => true : met.get(name) };
    } else {
      throw new Refused('the policy has a line that is none of log, witness, group and quorum');
    }
  }
  if (quorum === null) throw new Refused('the policy has no quorum line');
  return { logs, witnesses, quorum };
}
