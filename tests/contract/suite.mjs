// The official JSON-Schema-Test-Suite, draft 7, as Debian has it (json-schema-test-suite 2.0.0):
//
//   node suite.mjs SCHEMA_ANSWER [FOLDER]
//
// Exit status: 0 every verdict is the suite's, but for what is listed here; 1 not so; 3 it could not be found out; 77 the
// suite is not installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// What we do otherwise, by file: formats that are ignored, annotations, references out of the document, integers of more
// than 64 bits. A file that is not here has every verdict right.
const LEFT_OUT = {
  'optional/bignum.json': 'integers of more than 64 bits are refused when JSON is read',
  'optional/content.json': 'annotations, says Validation §8',
  'optional/ecmascript-regex.json': 'the format `regex` is ignored',
  'optional/format/idn-email.json': 'ignored',
  'optional/format/idn-hostname.json': 'ignored',
  'optional/format/iri-reference.json': 'ignored',
  'optional/format/iri.json': 'ignored',
  'optional/format/regex.json': 'ignored',
  'optional/format/relative-json-pointer.json': 'ignored',
  'optional/format/uri-template.json': 'ignored',
  'refRemote.json': 'nothing is fetched',
};
// Groups whose schemas refer to the schema of schemas, which is another document.
const REFUSED = new Set(['valid definition', 'invalid definition', 'remote ref, containing refs itself']);

const [program, folder = '/usr/share/json-schema-test-suite/tests/draft7'] = process.argv.slice(2);
if (!existsSync(folder)) {
  console.error(`suite: ${folder} is not there (tools/install-deps test)`);
  process.exit(77);
}
const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.json') && !(name in LEFT_OUT)).sort();
const groups = files.flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')).map((group) => ({ name, ...group })));
const lines = groups.map(({ schema, tests }) =>
  JSON.stringify({ dialect: '7', schema: JSON.stringify(schema), instances: tests.map(({ data }) => JSON.stringify(data)) }));
const ran = spawnSync(program, { input: lines.join('\n') + '\n', maxBuffer: 1 << 28, encoding: 'utf8' });
if (ran.status !== 0) {
  console.error(`suite: \`${program}\` ended with status ${ran.status}: ${ran.stderr}`);
  process.exit(3);
}
const answers = ran.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
let verdicts = 0;
const wrong = [];
groups.forEach(({ name, description, tests }, i) => {
  if (answers[i].schema === REFUSED.has(description)) wrong.push(`${name}: ${description}: ${answers[i].why ?? 'not refused'}`);
  if (!answers[i].schema) return;
  tests.forEach((test, k) => {
    ++verdicts;
    if (answers[i].verdicts[k] !== test.valid) wrong.push(`${name}: ${description}: ${test.description}: ${answers[i].verdicts[k]}`);
  });
});
for (const line of wrong) console.log(line);
console.log(`${files.length} files, ${groups.length} schemas, ${verdicts} verdicts, ${wrong.length} wrong`);
process.exit(wrong.length || !verdicts ? 1 : 0);
