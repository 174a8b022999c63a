// What the tests of the page share: the cases that our own verifier made, and published data.
import { execFileSync } from 'node:child_process';
import { randomInt, webcrypto } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

globalThis.crypto ??= webcrypto; // Node.js 18 keeps it to itself

const seed = process.env.REDOUBT_SEED ?? String(randomInt(2 ** 32));
console.log(`seed ${seed} (REDOUBT_SEED=${seed} repeats it)`);

const unBase64 = (text) => new Uint8Array(Buffer.from(text ?? '', 'base64'));
const lines = execFileSync(process.env.PAGE_CASES, [seed], { encoding: 'latin1', maxBuffer: 1 << 28 })
  .trimEnd().split('\n').map((line) => line.split(' '));

// Files by name.
export const made = Object.fromEntries(
  lines.filter(([kind]) => kind === 'made').map(([, name, bytes]) => [name, unBase64(bytes)]));

// [{ what, holds, bytes, leaf }]
export const judged = lines.filter(([kind]) => kind === 'judged').map(([, what, holds, bytes, leaf]) =>
  ({ what, holds: holds === '1', bytes: unBase64(bytes), leaf: unBase64(leaf) }));

export const text = (name) => Buffer.from(made[name]).toString('utf8');

const dataFolder = `${process.env.REDOUBT_DATA ?? ''}/tlog/`;
export const withoutData = existsSync(dataFolder) ? false : 'REDOUBT_DATA names no folder with tlog/';
export const data = (name) => new Uint8Array(readFileSync(dataFolder + name));
export const dataJson = (name) => JSON.parse(readFileSync(dataFolder + name, 'utf8'));
export const dataPath = (name) => dataFolder + name;
