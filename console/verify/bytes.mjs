// Bytes, text and numbers, each with one accepted spelling: what src/tlog/internal/text.h is to the C++ verifier.

// What was given is not what it should be, or does not hold. Any other exception is a fault of this page.
export class Refused extends Error {}

// The reason for which `step` is refused; null when it held.
export async function refusal(step) {
  try {
    await step();
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

const encoder = new TextEncoder();

export const utf8 = (text) => encoder.encode(text);

// The text that these bytes spell in UTF-8, a byte order mark included; null when they spell none.
export function fromUtf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

export function base64(bytes) {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

// RFC 4648 §4. `atob` forgives spaces, missing padding and unused bits; encoding again does not. Null otherwise.
export function fromBase64(text) {
  let binary;
  try {
    binary = atob(text);
  } catch {
    return null;
  }
  return btoa(binary) === text ? Uint8Array.from(binary, (c) => c.charCodeAt(0)) : null;
}

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

// The 32 bytes spelled by canonical base64; null otherwise.
export function parseHash(text) {
  const bytes = fromBase64(text);
  return bytes?.length === 32 ? bytes : null;
}

// Unsigned 64-bit decimal without sign or leading zeros, as a BigInt; null otherwise.
export function parseDecimal(text) {
  if (!/^(?:0|[1-9][0-9]{0,19})$/.test(text)) return null;
  const value = BigInt(text);
  return value < 1n << 64n ? value : null;
}

export const equal = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

export function concat(...parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

// Lines that end in a newline, one at a time.
export class Lines {
  constructor(text) {
    this.rest = text;
  }

  // The next line without its newline; null when no newline is left.
  take() {
    const end = this.rest.indexOf('\n');
    if (end < 0) return null;
    const line = this.rest.slice(0, end);
    this.rest = this.rest.slice(end + 1);
    return line;
  }
}
