// Schemas and instances made by seed. Both are kept to what validators agree to read alike: numbers that a double holds
// exactly, members that no JavaScript object has by itself.

export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }
  // From 0 to 2^32 - 1 (mulberry32).
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
  below(bound) {
    return this.next() % bound;
  }
  one(list) {
    return list[this.below(list.length)];
  }
  chance(percent) {
    return this.below(100) < percent;
  }
}

const NAMES = ['a', 'b', 'c', 'd', 'ab', 'a/b', 'x~y', 'é'];
const STRINGS = ['', 'a', 'b', 'ab', 'abc', 'aaa', 'Ab', '12', '7', 'é', '😀', '😀b', 'a\nb', ' ', '\u00a0', 'a.b', 'x_y-z', '\u2028'];
const PATTERNS = ['^a', 'b$', '[ab]+c?', '^\\d{2}$', '\\u00e9', '^.$', '\\s', '^[^a]', '\\p{Lu}', '^\\w+$', '^(?:a|b)*$',
  '\\.', '^\\S*$', '[\\s.]', '(?<first>a)b', '\\u{1f600}', '\\ud83d\\ude00b', '^[\\w.\\-]+$', '\\bb', '[[]|a', '^$'];
const NUMBERS = [-3, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6, 10, 100, 1e15, 2.25];
const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];

export function value(random, depth = 2) {
  const kind = random.below(depth > 0 ? 8 : 5);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(50);
  if (kind === 2) return random.one(NUMBERS);
  if (kind < 5) return random.one(STRINGS);
  if (kind < 6) return Array.from({ length: random.below(4) }, () => value(random, depth - 1));
  return Object.fromEntries(Array.from({ length: random.below(4) }, () => [random.one(NAMES), value(random, depth - 1)]));
}

// One document. In place, a definition refers to later ones only, so that no schema refers to itself without end.
class Maker {
  constructor(random, dialect) {
    this.random = random;
    this.modern = dialect === '2020-12';
    this.unevaluated = this.modern && random.chance(40); // README.md says what is left out then
    this.defs = this.modern && random.chance(80) ? '$defs' : 'definitions';
  }

  document() {
    const random = this.random;
    const root = this.schema(random.one([1, 2, 2, 3]), -1);
    if (typeof root !== 'object' || (root.$ref && !this.modern)) return root;
    root[this.defs] = {};
    for (let i = 0; i < 3; ++i) {
      const definition = this.schema(random.one([0, 1, 1, 2]), i);
      if (this.modern && i === 1 && typeof definition === 'object') definition.$anchor = 'middle';
      root[this.defs][`d${i}`] = definition;
    }
    this.anchored = typeof root[this.defs].d1 === 'object' && this.modern;
    if (random.chance(5)) this.damage(root);
    return root;
  }

  reference(from) {
    const number = from + 1 + this.random.below(3 - from - 1);
    return `#/${this.defs}/d${number}`;
  }

  schema(depth, from, inside = false) {
    const random = this.random;
    if (random.chance(4)) return random.chance(70);
    const made = {};
    const later = () => this.schema(depth - 1, from, inside);
    const below = () => this.schema(depth - 1, -1, true); // of a part of the value: may refer to anything
    const list = () => Array.from({ length: 1 + random.below(3) }, later);
    const members = (names) => Object.fromEntries(names.map((name) => [name, below()]));
    const some = (pool) => [...new Set(Array.from({ length: 1 + random.below(3) }, () => random.one(pool)))];
    const keywords = {
      type: () => (random.chance(70) ? random.one(TYPES) : some(TYPES)),
      enum: () => some([...STRINGS, ...NUMBERS, null, true]),
      const: () => value(random),
      minimum: () => random.one(NUMBERS),
      maximum: () => random.one(NUMBERS),
      exclusiveMinimum: () => random.one(NUMBERS),
      exclusiveMaximum: () => random.one(NUMBERS),
      multipleOf: () => random.one([0.5, 1, 2, 3, 0.25]),
      minLength: () => random.below(4),
      maxLength: () => random.below(4),
      pattern: () => random.one(PATTERNS),
      minItems: () => random.below(3),
      maxItems: () => random.below(4),
      uniqueItems: () => random.chance(80),
      minProperties: () => random.below(3),
      maxProperties: () => random.below(4),
      required: () => some(NAMES),
    };
    const deep = {
      properties: () => members(some(NAMES)),
      patternProperties: () => members(some(PATTERNS)),
      additionalProperties: () => (random.chance(50) ? false : below()),
      propertyNames: below,
      items: this.modern || random.chance(60) ? below : () => Array.from({ length: 1 + random.below(2) }, below),
      allOf: list,
      anyOf: list,
      oneOf: list,
      not: later,
      if: later,
      then: later,
      else: later,
    };
    if (!this.modern) {
      deep.additionalItems = () => (random.chance(40) ? false : below());
      deep.dependencies = () =>
        Object.fromEntries(some(NAMES).map((name) => [name, random.chance(50) ? some(NAMES) : later()]));
    }
    if (this.modern) {
      keywords.dependentRequired = () => Object.fromEntries(some(NAMES).map((name) => [name, some(NAMES)]));
      deep.prefixItems = () => Array.from({ length: 1 + random.below(2) }, below);
      deep.dependentSchemas = () => Object.fromEntries(some(NAMES).map((name) => [name, later()]));
    }
    if (this.unevaluated) {
      deep.unevaluatedProperties = () => (random.chance(60) ? false : below());
      for (const name of ['if', 'then', 'else']) delete deep[name];
    } else {
      deep.contains = below;
      if (this.modern) {
        keywords.minContains = () => random.below(3);
        keywords.maxContains = () => random.below(4);
      }
    }
    const pool = depth > 0 ? { ...keywords, ...deep, ...deep } : keywords;
    const names = Object.keys(pool);
    for (let left = 1 + random.below(5); left > 0; --left) {
      const name = random.one(depth > 0 && random.chance(60) ? Object.keys(deep) : names);
      made[name] = pool[name]();
    }
    if (made.contains !== undefined) made.minItems ||= 1; // README.md says why
    if ((from < 2 || inside) && random.chance(15)) {
      made.$ref = this.reference(inside ? -1 : from);
      if (!this.modern) delete made.type; // see README.md
    }
    return made;
  }

  // A keyword whose value it must not have.
  damage(root) {
    const random = this.random;
    Object.assign(root, random.one([{ type: 'text' }, { minLength: -1 }, { required: 'a' }, { properties: [] }, { allOf: [] },
      { allOf: {} }, { multipleOf: 0 }, { maximum: '3' }, { pattern: 3 }, { uniqueItems: 1 }, { not: 3 }, { enum: 3 },
      { items: 'a' }, { minItems: 1.5 }, { additionalProperties: null }, { type: [] }, { patternProperties: { a: 1 } }]));
  }
}

export const document = (random, dialect) => new Maker(random, dialect).document();

// An instance that the schema likely likes: one that is made at random is nearly always wrong.
export function instance(random, schema, root = schema, depth = 4) {
  if (depth === 0 || typeof schema !== 'object' || schema === null || random.chance(8)) return value(random);
  if ('const' in schema) return structuredClone(schema.const);
  if (Array.isArray(schema.enum) && schema.enum.length) return random.one(schema.enum);
  const parts = [schema.$ref && lookup(root, schema.$ref), ...[schema.allOf, schema.anyOf, schema.oneOf]
    .filter((list) => Array.isArray(list) && list.length).map((list) => random.one(list)), schema.then, schema.else];
  const usable = parts.filter((part) => typeof part === 'object' && part !== null);
  let made;
  const type = schema.type ? random.one([schema.type].flat()) : guess(random, schema);
  if (usable.length && (!schema.type || random.chance(30))) made = instance(random, random.one(usable), root, depth - 1);
  else if (type === 'object') made = {};
  else if (type === 'array') made = [];
  else if (type === 'string') return random.one(STRINGS);
  else if (type === 'number' || type === 'integer') return random.one(NUMBERS);
  else if (type === 'boolean') return random.chance(50);
  else if (type === 'null') return null;
  else made = value(random);
  const child = (part) => instance(random, part, root, depth - 1);
  if (Array.isArray(made)) {
    const tuple = [schema.prefixItems, schema.items].find(Array.isArray) ?? [];
    const rest = Array.isArray(schema.items) ? schema.additionalItems : schema.items;
    for (let i = made.length, length = random.below(4); i < length; ++i) made.push(child(tuple[i] ?? rest ?? schema.contains ?? true));
  } else if (typeof made === 'object' && made !== null) {
    const properties = Object.entries(schema.properties ?? {});
    for (const [name, part] of properties) if (random.chance(70)) made[name] = child(part);
    for (const name of [schema.required ?? []].flat()) {
      if (typeof name === 'string' && !(name in made) && random.chance(90)) made[name] = child(schema.properties?.[name] ?? true);
    }
    if (random.chance(25)) made[random.one(NAMES)] = value(random, 1);
  }
  return made;
}

function guess(random, schema) {
  const has = (...names) => names.some((name) => name in schema);
  const types = [];
  if (has('properties', 'required', 'additionalProperties', 'patternProperties', 'minProperties', 'unevaluatedProperties')) types.push('object');
  if (has('items', 'prefixItems', 'contains', 'minItems', 'uniqueItems', 'unevaluatedItems')) types.push('array');
  if (has('pattern', 'minLength', 'maxLength')) types.push('string');
  if (has('minimum', 'maximum', 'multipleOf', 'exclusiveMinimum')) types.push('number');
  return types.length ? random.one(types) : undefined;
}

function lookup(root, reference) {
  return reference.slice(2).split('/').reduce((at, step) => at?.[step], root);
}
