// Every operation of the document with generated input, valid and hostile. Whatever is sent: the answer has a status that
// the document names for the operation, and the schema that it names for the status; nothing is a 500; what does not fit
// the document is not done, and what fits it is not called unfit; and the server stays up.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { altered, brokenBytes, fitting } from './generate.mjs';
import { call, fetchDocument, makeJudge, operationsOf, resolve, seed, startServer } from './support.mjs';

const runs = Number(process.env.REDOUBT_RUNS ?? 25); // of each operation and kind of input

let server = await startServer();
const document = await fetchDocument(server);
const judgeAnswer = makeJudge(document, { closed: true });
const judgeRequest = makeJudge(document, { closed: false });
test.after(() => server.stop());

// Names and versions that answers had, so that what is asked for is often there.
const names = new Set(['alice', 'bob', 'carol', 'app', 'administrators', 'auditors', 'callers', 'acme']);
const tags = new Set(['*', '"1"']);
const remember = (value) => {
  if (Array.isArray(value)) return value.forEach(remember);
  if (value === null || typeof value !== 'object') return;
  for (const [name, inner] of Object.entries(value)) {
    if (['id', 'name', 'key', 'next'].includes(name) && typeof inner === 'string' && names.size < 400) names.add(inner);
    if (name === 'version' && Number.isInteger(inner)) tags.add(`"${inner}"`);
    remember(inner);
  }
};

// The administrator may have disabled, reset or revoked themselves: then it begins anew.
async function key() {
  if ((await call(server, 'GET', '/admin/v1/state', { key: server.keys.alice })).status === 200) return server.keys.alice;
  assert.ok(server.running(), 'the server still runs');
  await server.stop();
  server = await startServer();
  return server.keys.alice;
}

function expectDocumented({ operation }, answer) {
  const declared = resolve(document, operation.responses[String(answer.status)]);
  assert.ok(declared, `${answer.status} is not documented: ${answer.text}`);
  assert.ok(answer.status < 500, `${answer.status} ${answer.text}`);
  if (!declared.content) return assert.equal(answer.text, '');
  const [[mediaType, { schema }]] = Object.entries(declared.content);
  assert.equal(answer.headers.get('content-type'), mediaType);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.deepEqual(judgeAnswer(schema, answer.json), [], answer.text);
  if (answer.status >= 400) assert.equal(answer.json.status, answer.status);
  for (const name of Object.keys(declared.headers ?? {})) {
    const always = ['ETag', 'Location', 'Redoubt-Fact', 'WWW-Authenticate', 'Retry-After'].includes(name);
    if (always) assert.ok(answer.headers.get(name), `${answer.status} without ${name}`);
  }
  remember(answer.json);
}

// Path, query and headers as generated values of the parameters.
function requestOf({ path, parameters }, values) {
  let target = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { name, in: where } of parameters) {
    const value = values[name];
    if (value === undefined) continue;
    if (where === 'path') target = target.replace(`{${name}}`, encodeURIComponent(String(value)));
    if (where === 'query') query.set(name, String(value));
    if (where === 'header') headers[name] = String(value);
  }
  return { target: query.size > 0 ? `${target}?${query}` : target, headers };
}

function parametersArbitrary({ parameters }) {
  const known = () => [...names];
  const members = {};
  for (const { name, schema, in: where } of parameters) {
    members[name] = name === 'If-Match' ? fc.constantFrom(...tags) : fitting(document, schema, known);
    if (where === 'query' && name === 'cursor') members[name] = fc.constantFrom(...known());
  }
  return fc.record(members, { requiredKeys: parameters.filter(({ required }) => required).map(({ name }) => name) });
}

const requestSchema = ({ operation }) => Object.values(operation.requestBody?.content ?? {})[0]?.schema;
const requestType = ({ operation }) => Object.keys(operation.requestBody?.content ?? {})[0];
const isStream = ({ operation }) => 'text/event-stream' in (operation.responses['200']?.content ?? {});

const options = (offset) => ({ numRuns: runs, seed: seed + offset, endOnFailure: true, includeErrorInReport: true });

for (const [index, each] of operationsOf(document).filter((o) => !isStream(o)).entries()) {
  const id = each.operation.operationId;
  const schema = requestSchema(each);

  test(`${id} takes what the document says`, async () => {
    // Arbitraries are made anew for each run: what is known grows.
    await fc.assert(fc.asyncProperty(fc.noShrink(fc.gen()), async (gen) => {
      const values = gen(parametersArbitrary, each);
      const body = schema && gen(fitting, document, schema, () => [...names]);
      const { target, headers } = requestOf(each, values);
      if (schema) headers['Content-Type'] = requestType(each);
      const good = await key();  // may begin anew
      const answer = await call(server, each.method, target, { key: good, headers, body });
      expectDocumented(each, answer);
      assert.ok(![401, 403, 405, 406, 413, 415, 428].includes(answer.status) || answer.json.type.endsWith(':denied'), answer.text);
      assert.equal(answer.json?.errors, undefined, `it fits the document: ${JSON.stringify(body)} ${answer.text}`);
      if (values.cursor === undefined) assert.notEqual(answer.status, 400, answer.text);
    }), options(index));
  });

  if (schema) {
    test(`${id} refuses bodies that do not fit`, async () => {
      await fc.assert(fc.asyncProperty(fc.noShrink(fc.gen()), async (gen) => {
        const values = gen(parametersArbitrary, each);
        const body = gen(() => fitting(document, schema, () => [...names]).chain(altered));
        const { target, headers } = requestOf(each, values);
        headers['Content-Type'] = requestType(each);
        const text = JSON.stringify(body);
        const good = await key();
        const answer = await call(server, each.method, target, { key: good, headers, body: text });
        expectDocumented(each, answer);
        if (judgeRequest(schema, JSON.parse(text)).length > 0) assert.ok(answer.status >= 400, `${text} ${answer.text}`);
      }), options(index));
    });

    test(`${id} refuses bytes that are no JSON of its own`, async () => {
      await fc.assert(fc.asyncProperty(fc.noShrink(fc.gen()), async (gen) => {
        const { target, headers } = requestOf(each, gen(parametersArbitrary, each));
        headers['Content-Type'] = requestType(each);
        const good = await key();
        const answer = await call(server, each.method, target, { key: good, headers, body: gen(() => brokenBytes) });
        expectDocumented(each, answer);
        assert.ok(answer.status >= 400, answer.text);
      }), options(index));
    });
  }

  test(`${id} refuses heads that do not fit`, async () => {
    const hostile = fc.constantFrom(
      { headers: { 'If-Match': '"x"' } }, { headers: { 'If-Match': 'W/"1"' } }, { headers: { 'If-Match': '1' } },
      { headers: { 'Idempotency-Key': 'a b' } }, { headers: { 'Idempotency-Key': 'k'.repeat(201) } },
      { headers: { Accept: 'text/html' } }, { headers: { Accept: 'application/json;q=0' } },
      { headers: { 'Content-Type': 'text/plain' } }, { headers: { 'Content-Type': 'application/json; charset=latin1' } },
      { query: 'limit=0' }, { query: 'limit=1e3' }, { query: 'limit=1&limit=2' }, { query: 'cursor=%00' }, { query: '%zz=1' },
      { query: 'nothing=1' }, { query: '__proto__=1' }, { query: `why=${'x'.repeat(5000)}` }, { query: 'why=%ff' },
      { query: '&&=&' }, { query: 'enabled=%F0%9F%92%A9' }, { query: "tenant=' OR 1=1" },
      { key: 'none' }, { key: 'rdk_' }, { key: 'rdk_000000000000_' + 'A'.repeat(43) },
    );
    await fc.assert(fc.asyncProperty(fc.noShrink(fc.gen()), async (gen) => {
      const { target, headers } = requestOf(each, gen(parametersArbitrary, each));
      const { headers: more = {}, query, key: wrong } = gen(() => hostile);
      const body = schema && gen(fitting, document, schema, () => [...names]);
      if (schema) headers['Content-Type'] = requestType(each);
      // A wrong key is answered more slowly each time: few of them are enough.
      if (wrong !== undefined && gen(fc.integer, { min: 0, max: 30 }) > 0) return;
      const good = wrong ?? await key();
      const answer = await call(server, each.method, query ? `${target}${target.includes('?') ? '&' : '?'}${query}` : target,
        { key: good, headers: { ...headers, ...more }, body });
      expectDocumented(each, answer);
    }), options(index));
  });

  if (each.path.includes('{')) {
    test(`${id} finds nothing under names that nothing can have`, async () => {
      const name = fc.oneof(
        fc.constantFrom('%00', '%2e%2e', '%2F', '%', '%zz', '%ff', "'--", 'a%0d%0ab', '%F0%9F%92%A9', 'x'.repeat(3000), '*'),
        fc.string({ minLength: 1, maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed?.() ?? text)),
      );
      await fc.assert(fc.asyncProperty(name, async (text) => {
        const headers = { 'If-Match': '*', ...(schema ? { 'Content-Type': requestType(each) } : {}) };
        const target = each.path.replace(/\{[^}]+\}/g, () => text);
        const good = await key();
        const answer = await call(server, each.method, target, { key: good, headers, body: schema && '{}' });
        if (answer.status === 405) return; // `..` and `.` are gone before they are sent: another path
        expectDocumented(each, answer);
      }), options(index));
    });
  }
}

test('the server is as healthy as before', async () => {
  assert.ok(server.running());
  assert.equal((await call(server, 'GET', '/admin/v1/health')).status, 200);
  const { code, signal } = await server.stop();
  assert.deepEqual([code, signal], [0, null]);
});
