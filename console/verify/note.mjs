// Signed notes and the keys that sign them (C2SP signed-note, tlog-cosignature). The limits are those of
// src/tlog/note.h.
import { Lines, Refused, concat, fromBase64, fromUtf8, hex, utf8 } from './bytes.mjs';
import { sha256 } from './tree.mjs';

export const maxNoteSize = 1024 * 1024; // bytes
const maxSignatures = 100;
const maxKeyNameSize = 1024; // bytes
const maxVerifierKeySize = 4096; // bytes
const signaturePrefix = '\u2014 ';

// Signature types, and how long their public keys are. Of these only mlDsa44 is not checked: WebCrypto lacks it.
export const type = { ed25519: 0x01, cosignature: 0x04, mlDsa44: 0x06 };
const publicKeySize = { [type.ed25519]: 32, [type.cosignature]: 32, [type.mlDsa44]: 1312 };
const mlDsa44SignatureSize = 2420;

// UTF-8 without control characters other than newline, at most `limit` bytes.
export function noteText(bytes, limit = maxNoteSize) {
  if (bytes.length > limit) throw new Refused('it is too long');
  const text = fromUtf8(bytes);
  if (text === null || /[\u0000-\u0009\u000b-\u001f]/.test(text)) {
    throw new Refused('it is not UTF-8 text without control characters');
  }
  return text;
}

// Unicode's White_Space property, and what tells a key's parts from each other.
const notInNames = /[\u0000-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]/;

export function isKeyName(name) {
  return name !== '' && !notInNames.test(name) && utf8(name).length <= maxKeyNameSize;
}

// A vkey, `NAME+ID+BASE64`: { name, id, type, publicKey, text }. A key of another type is refused: it cannot be used.
export async function parseVerifierKey(text) {
  if (utf8(text).length > maxVerifierKeySize) throw new Refused('the verifier key is too long');
  const [, name, id, encoded] = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/s.exec(text) ?? [];
  if (name === undefined || !isKeyName(name)) throw new Refused('it is not a verifier key, `NAME+ID+KEY`');
  const bytes = fromBase64(encoded);
  if (bytes === null || bytes.length === 0) throw new Refused(`the key of \`${name}\` is not base64`);
  const size = publicKeySize[bytes[0]];
  if (size === undefined) {
    throw new Refused(`the key of \`${name}\` has the signature type 0x${hex(bytes.slice(0, 1))}, unknown to this page`);
  }
  if (bytes.length !== 1 + size) throw new Refused(`the key of \`${name}\` has a wrong length`);
  const digest = await sha256(concat(utf8(name), [0x0a], bytes));
  if (hex(digest.slice(0, 4)) !== id) throw new Refused(`the key id of \`${name}\` is not that of its name and key`);
  return { name, id, type: bytes[0], publicKey: bytes.slice(1), text };
}

// Takes a note apart and verifies nothing: { text, signatures: [{ name, id, bytes }] }.
export function parseNote(note) {
  // "The text is separated from the signatures by the last empty line in the note" (C2SP signed-note, Format).
  const blank = note.lastIndexOf('\n\n');
  if (blank < 0) throw new Refused('the note has no blank line before its signatures');
  const lines = new Lines(note.slice(blank + 2));
  if (lines.rest === '') throw new Refused('the note has no signature');
  const signatures = [];
  while (lines.rest !== '') {
    if (signatures.length === maxSignatures) throw new Refused('the note has too many signatures');
    const line = lines.take();
    if (line === null) throw new Refused('the note does not end in a newline');
    signatures.push(parseSignatureLine(line));
  }
  return { text: note.slice(0, blank + 1), signatures };
}

function parseSignatureLine(line) {
  if (!line.startsWith(signaturePrefix)) throw new Refused('a signature line does not begin with an em dash');
  const rest = line.slice(signaturePrefix.length);
  const space = rest.indexOf(' ');
  const name = rest.slice(0, Math.max(space, 0));
  if (!isKeyName(name)) throw new Refused('a signature line has no valid key name');
  const bytes = fromBase64(rest.slice(space + 1));
  if (bytes === null || bytes.length <= 4) throw new Refused('a signature line has no valid signature');
  return { name, id: hex(bytes.slice(0, 4)), bytes: bytes.slice(4) };
}

// Whether the line is the one with which a log's key signs the root for receipts of COSE (docs/formats/note.md).
export async function isCoseLine(signature, { name, publicKey }) {
  const digest = await sha256(concat(utf8(name), [0x0a, 0xff], utf8('redoubt/cose-receipt/v1'), publicKey));
  return signature.name === name && signature.id === hex(digest.slice(0, 4));
}

// The key of `keys` that a signature line belongs to: name and id both agree. Undefined when it is nobody's known.
export const keyOf = (signature, keys) => keys.find(({ name, id }) => name === signature.name && id === signature.id);

// The keys given, each once. Refuses two keys that a signature line could not tell apart.
export function distinctKeys(keys) {
  const distinct = [];
  for (const key of keys) {
    const same = keyOf(key, distinct);
    if (same === undefined) distinct.push(key);
    else if (same.text !== key.text) throw new Refused(`two different keys share the name \`${key.name}\` and an id`);
  }
  return distinct;
}

// Ed25519 (RFC 8032 §5.1) by WebCrypto. False also for a key that is no point of the curve.
export async function verifyEd25519(publicKey, message, signature) {
  if (signature.length !== 64) return false;
  try {
    const key = await crypto.subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify']);
    return (await crypto.subtle.verify({ name: 'Ed25519' }, key, signature, message)) === true;
  } catch (error) {
    if (error.name === 'DataError' || error.name === 'OperationError') return false;
    throw error;
  }
}

// Whether this browser checks signatures as it should: RFC 8032 §7.1, test 2, and the same with a bit changed.
export async function canCheckSignatures() {
  const key = fromBase64('PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=');
  const signature = fromBase64('kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA==');
  const altered = signature.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
  try {
    return (
      (await verifyEd25519(key, Uint8Array.of(0x72), signature)) &&
      !(await verifyEd25519(key, Uint8Array.of(0x72), altered))
    );
  } catch {
    return false;
  }
}

// A cosignature's parts (C2SP tlog-cosignature, Format): { time, signature }, the time in seconds since 1970. Null when
// these bytes are none with a signature of that size.
function parseCosignature(bytes, signatureSize) {
  if (bytes.length !== 8 + signatureSize) return null;
  const time = BigInt(`0x${hex(bytes.slice(0, 8))}`);
  return time < 1n << 63n ? { time, signature: bytes.slice(8) } : null;
}

// What a known key says of a signature line under the note text: { holds, checked, time }. An ML-DSA-44 line that has
// the right form counts as holding without having been checked.
export async function verifySignature(key, text, bytes) {
  if (key.type === type.ed25519) {
    return { holds: await verifyEd25519(key.publicKey, utf8(text), bytes), checked: true };
  }
  if (key.type === type.mlDsa44) return { holds: parseCosignature(bytes, mlDsa44SignatureSize) !== null, checked: false };
  const parts = parseCosignature(bytes, 64);
  // A time of zero, which only ML-DSA-44 knows as "no statement", would date the statement to 1970.
  if (parts === null || parts.time === 0n) return { holds: false, checked: true };
  const message = utf8(`cosignature/v1\ntime ${parts.time}\n${text}`);
  return { holds: await verifyEd25519(key.publicKey, message, parts.signature), checked: true, time: parts.time };
}
