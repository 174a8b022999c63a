// Verdicts of contract::JsonSchema and of Ajv, on cases made at random and on handwritten ones: every one must agree.
//
//   node differ.mjs SCHEMA_ANSWER [--seed N] [--schemas N] [--case N]
//
// Prints the seed. Exit status: 0 all agree, 1 some differ, 3 it could not be found out, 77 Ajv is not installed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { document, instance, Random, value } from './generate.mjs';
import { HANDWRITTEN } from './handwritten.mjs';
import { shrink } from './shrink.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const INSTANCES = 12; // of each schema
const SHOWN = 10; // differences

function stop(message, status = 3) {
  console.error(`differ: ${message}`);
  process.exit(status);
}

async function makeAjv() {
  if (!existsSync(join(HERE, 'node_modules/ajv'))) stop('Ajv is not installed (npm ci in tests/contract)', 77);
  const { default: draft7 } = await import('ajv');
  const { default: draft202012 } = await import('ajv/dist/2020.js');
  const { default: formats } = await import('ajv-formats');
  const options = { strict: false, logger: false, ownProperties: true, ignoreKeywordsWithRef: false };
  return (dialect) => {
    const Ajv = (dialect === '7' ? draft7 : draft202012).default ?? (dialect === '7' ? draft7 : draft202012);
    // Draft 7 §8.3: what stands beside `$ref` is ignored.
    const ajv = new Ajv({ ...options, ignoreKeywordsWithRef: dialect === '7' });
    (formats.default ?? formats)(ajv);
    return ajv;
  };
}

function ajvAnswer(ajv, schema, instances) {
  let validate;
  try {
    validate = ajv.compile(schema);
  } catch (problem) {
    return { schema: false, why: String(problem.message) };
  }
  return { schema: true, verdicts: instances.map((one) => {
    try {
      return validate(one);
    } catch {
      return null; // it calls itself without end, or breaks
    }
  }) };
}

function ourAnswers(program, cases) {
  const lines = cases.map(({ dialect, schema, instances, texts }) =>
    JSON.stringify({ dialect, schema: JSON.stringify(schema), instances: texts ?? instances.map((one) => JSON.stringify(one)) }));
  const ran = spawnSync(program, { input: lines.join('\n') + '\n', maxBuffer: 1 << 30, encoding: 'utf8' });
  if (ran.status !== 0) stop(`\`${program}\` ended with status ${ran.status}: ${ran.stderr}`);
  return ran.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
}

function generated(seed, number) {
  const random = new Random(seed ^ Math.imul(number + 1, 0x9e3779b1));
  const dialect = random.chance(65) ? '2020-12' : '7';
  const schema = document(random, dialect);
  const instances = Array.from({ length: INSTANCES }, () => (random.chance(20) ? value(random) : instance(random, schema)));
  return { name: `case ${number}`, dialect, schema, instances };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, schemas: { type: 'string', default: '3000' }, case: { type: 'string' } },
});
if (positionals.length !== 1) stop('usage: node differ.mjs SCHEMA_ANSWER [--seed N] [--schemas N] [--case N]');
const newAjv = await makeAjv();
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
console.log(`seed ${seed}`);
const counts = { schemas: 0, refused: 0, verdicts: 0, valid: 0, unanswered: 0, different: 0 };

function report(one, what, ours, theirs) {
  ++counts.different;
  if (counts.different > SHOWN) return;
  console.log(`${one.name} (draft ${one.dialect}): ${what}\n  schema ${JSON.stringify(one.schema)}`);
  console.log(`  ours ${JSON.stringify(ours)}\n  theirs ${JSON.stringify(theirs)}`);
}

// Generated: ours against Ajv's. To make an Ajv takes long, and these schemas have no names that could meet.
const ajvs = { 7: newAjv('7'), '2020-12': newAjv('2020-12') };
const first = Number(values.case ?? 0);
const cases = Array.from({ length: values.case === undefined ? Number(values.schemas) : 1 }, (_, i) => generated(seed, first + i));
ourAnswers(positionals[0], cases).forEach((ours, i) => {
  const one = cases[i];
  const theirs = ajvAnswer(ajvs[one.dialect], one.schema, one.instances);
  ++counts.schemas;
  if (ours.schema !== theirs.schema) return report(one, 'refused by one', ours, theirs);
  if (!ours.schema) return ++counts.refused;
  counts.verdicts += one.instances.length;
  counts.valid += theirs.verdicts.filter((verdict) => verdict === true).length;
  // Where Ajv throws there is nothing to compare with, but ours must have found out.
  const unanswered = (at) => theirs.verdicts[at] === null && ours.verdicts[at] !== null;
  counts.unanswered += one.instances.filter((_, at) => unanswered(at)).length;
  const k = one.instances.findIndex((_, at) => ours.verdicts[at] !== theirs.verdicts[at] && !unanswered(at));
  if (k < 0) return;
  // The same two verdicts of a smaller schema.
  const given = one.instances[k];
  const differs = (schema) =>
    ourAnswers(positionals[0], [{ ...one, schema, instances: [given] }])[0].verdicts?.[0] === ours.verdicts[k] &&
    ajvAnswer(ajvs[one.dialect], schema, [given]).verdicts?.[0] === theirs.verdicts[k];
  const smallest = counts.different < SHOWN ? shrink(one.schema, differs) : one.schema;
  report({ ...one, schema: smallest }, `instance ${JSON.stringify(given)}`, ours.verdicts[k], theirs.verdicts[k]);
});

// Handwritten: ours must say what the standard does, and so must Ajv, but for what is noted.
if (values.case === undefined) {
  const answers = ourAnswers(positionals[0], HANDWRITTEN.map(({ name, dialect, schema, instances }) => ({
    name, dialect, schema, texts: instances.map(([text]) => text) })));
  HANDWRITTEN.forEach((one, i) => {
    const ours = answers[i];
    ++counts.schemas;
    const theirs = ajvAnswer(newAjv(one.dialect), one.schema, one.instances.map(([text]) => JSON.parse(text)));
    if (!ours.schema) return report(one, 'refused', ours, theirs);
    if (!theirs.schema && !one.ajv) return report(one, 'refused by Ajv', ours, theirs);
    let differs = !theirs.schema;
    one.instances.forEach(([text, expected], k) => {
      ++counts.verdicts;
      counts.valid += expected;
      if (ours.verdicts[k] !== expected) report(one, `instance ${text}: expected ${expected}`, ours.verdicts[k], theirs.verdicts?.[k]);
      if (theirs.verdicts && theirs.verdicts[k] !== expected) {
        differs = true;
        if (!one.ajv) report(one, `instance ${text}: Ajv differs`, ours.verdicts[k], theirs.verdicts[k]);
      }
    });
    if (one.ajv && !differs) report(one, 'Ajv no longer differs', 'note', one.ajv);
  });
}
console.log(Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(', '));
process.exit(counts.different ? 1 : 0);
