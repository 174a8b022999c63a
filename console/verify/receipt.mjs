// A receipt in its header form (docs/formats/receipt.md): `origin="example.org/log", index=17, leaf=:BASE64:`.
import { Refused, parseHash, utf8 } from './bytes.mjs';

const maxReceiptSize = 2048; // bytes
const notReceipt = 'it is not a receipt, `origin="…", index=N, leaf=:BASE64:`';

// RFC 9651 §3.3.3 string, §3.3.1 integer without a sign, §3.3.5 byte sequence.
const members = {
  origin: /^origin="((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"/,
  index: /^index=([0-9]{1,15})(?![0-9])/,
  leaf: /^leaf=:([^:]*):/,
};

// What people copy along with a receipt: the header field's name, the comment of a stream, spaces around.
export const unwrapReceipt = (text) => text.trim().replace(/^(?:redoubt-receipt:|: ?redoubt-receipt)[ \t]+/i, '');

// { origin, index, leaf }: the three members, each once, in any order.
export function parseReceipt(text) {
  if (utf8(text).length > maxReceiptSize) throw new Refused(notReceipt);
  const values = {};
  let rest = text;
  for (let i = 0; i < 3; ++i) {
    if (i > 0) {
      const comma = /^[ \t]*,[ \t]*/.exec(rest);
      if (comma === null) throw new Refused(notReceipt);
      rest = rest.slice(comma[0].length);
    }
    const name = Object.keys(members).find((member) => !(member in values) && members[member].test(rest));
    if (name === undefined) throw new Refused(notReceipt);
    const [whole, value] = members[name].exec(rest);
    values[name] = value;
    rest = rest.slice(whole.length);
  }
  const leaf = parseHash(values.leaf);
  if (rest !== '' || leaf === null) throw new Refused(notReceipt);
  return { origin: values.origin.replace(/\\(.)/g, '$1'), index: BigInt(values.index), leaf };
}
