// Generated input: from a schema of the document, values that fit it; and from those, values that do not.
import fc from 'fast-check';
import { resolve } from './support.mjs';

const isControl = (point) => point < 0x20 || point === 0x7f || (point >= 0xd800 && point <= 0xdfff);

// Text without control characters, counted in code points, from every plane.
const line = (min, max) => fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
      { weight: 2, arbitrary: fc.integer({ min: 0xa0, max: 0xffff }) },
      { weight: 1, arbitrary: fc.integer({ min: 0x10000, max: 0x10ffff }) },
    ).filter((point) => !isControl(point)),
    { minLength: min, maxLength: Math.min(max, 600), size: 'max', depthIdentifier: 'line' },
  )
  .map((points) => String.fromCodePoint(...points));

const time = fc.date({ min: new Date('1970-01-01T00:00:00Z'), max: new Date('2200-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());

// Values that fit. `known`: a function that gives texts that the server has named, so that what is asked for is there.
export function fitting(document, schema, known = () => []) {
  const of = (inner) => fitting(document, inner, known);
  if (schema.$ref) return of(resolve(document, schema));
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(of));
  switch (schema.type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.oneof(
        fc.integer({ min: schema.minimum, max: Math.min(schema.maximum, schema.minimum + 100) }),
        fc.integer({ min: schema.minimum, max: schema.maximum }),
        fc.constantFrom(schema.minimum, schema.maximum),
      );
    case 'array':
      return fc.uniqueArray(of(schema.items), {
        maxLength: Math.min(schema.maxItems, 5),
        selector: (item) => JSON.stringify(item),
      });
    case 'object': {
      if (!schema.properties) return fc.constant({});
      const members = Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) => [name, of(inner)]));
      return fc.record(members, { requiredKeys: schema.required ?? [] })
        .filter((value) => Object.keys(value).length >= (schema.minProperties ?? 0));
    }
    case 'string': {
      if (schema.enum) return fc.constantFrom(...schema.enum);
      if (schema.format === 'date-time') return time;
      const { minLength = 0, maxLength, pattern } = schema;
      const fresh = pattern.startsWith('^[^')
        ? line(minLength, maxLength)
        : fc.stringMatching(new RegExp(pattern)).filter((text) => text.length >= minLength && text.length <= maxLength);
      const fits = new RegExp(pattern, 'u');
      const there = known().filter((text) => text.length >= minLength && text.length <= maxLength && fits.test(text));
      return there.length === 0 ? fresh : fc.oneof({ weight: 1, arbitrary: fresh }, { weight: 3, arbitrary: fc.constantFrom(...there) });
    }
    default:
      throw new Error(`no generator for ${JSON.stringify(schema)}`);
  }
}

const nasty = fc.constantFrom(
  "'; DROP TABLE identity_keys; --", '" OR 1=1 --', '../../etc/passwd', '..', '.', '%00', '\u0000', '\r\nX-Injected: 1',
  '\u202e', '\ud800', 'a'.repeat(70_000), '<script>alert(1)</script>', '{{7*7}}', '${jndi:x}', '__proto__', 'constructor',
  'NaN', '-1', '1e309', '', ' ', '\u00a0', 'null',
);
const other = fc.oneof(
  nasty, fc.constant(null), fc.boolean(), fc.integer(), fc.double(), fc.maxSafeInteger(),
  fc.constantFrom(2 ** 53, 2 ** 64, -1, 1.5, 1e300), fc.array(fc.integer(), { maxLength: 3 }), fc.constant({}),
  fc.constant({ a: { b: { c: [] } } }), fc.constant(Array.from({ length: 3000 }, (_, i) => i)),
);

// A value with one thing about it changed: it may still fit, or not.
export function altered(value) {
  if (value === null || typeof value !== 'object') return other;
  const names = Object.keys(value);
  const alterations = [
    fc.tuple(nasty, other).map(([name, inner]) => ({ ...value, [name]: inner })),
    other,
  ];
  if (names.length > 0) {
    const name = fc.constantFrom(...names);
    alterations.push(
      name.map((chosen) => Object.fromEntries(Object.entries(value).filter(([n]) => n !== chosen))),
      fc.tuple(name, other).map(([chosen, inner]) => ({ ...value, [chosen]: inner })),
      name.chain((chosen) => altered(value[chosen]).map((inner) => ({ ...value, [chosen]: inner }))),
    );
  }
  return fc.oneof(...alterations);
}

// Bytes that are no JSON, or JSON that two readers could read differently.
export const brokenJson = fc.constantFrom(
  '', ' ', '{', '[', '"', '{"a":1,"a":2}', '{"id":"x","id":"y"}', '{"a":1}{"b":2}', '{"a":01}', '{"a":NaN}', "{'a':1}",
  '{"a":1,}', '\ufeff{}', '{"a":"\\ud800"}', '{"a":1e400}', '{"a":99999999999999999999}', '['.repeat(5000), '{"a":'.repeat(5000),
  '/* */ {}', 'null', 'true', '0', '""', '[]', '{"a":"\u0001"}',
).map((text) => new TextEncoder().encode(text));
export const brokenBytes = fc.oneof(
  brokenJson,
  fc.uint8Array({ maxLength: 300 }),
  fc.constant(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
);
