// Many clients at one object: no update is lost, and whoever came too late hears of it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { call, startServer } from './support.mjs';

const clients = 100;

test('one object and a hundred clients', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const key = server.keys.alice;
  const json = { 'Content-Type': 'application/json' };

  await t.test('every conflict is a 409, and no update is lost', async () => {
    const made = await call(server, 'POST', '/admin/v1/models',
      { key, headers: json, body: { name: 'counter', upstream: 'u', description: '0' } });
    assert.equal(made.status, 201);
    let conflicts = 0;
    const increment = async () => {
      for (;;) {
        const seen = await call(server, 'GET', '/admin/v1/models/counter', { key });
        const done = await call(server, 'PATCH', '/admin/v1/models/counter', {
          key,
          headers: { 'Content-Type': 'application/merge-patch+json', 'If-Match': seen.headers.get('etag') },
          body: { description: String(Number(seen.json.description) + 1) },
        });
        if (done.status === 200) return;
        assert.equal(done.status, 409);
        assert.equal(done.json.type, 'urn:redoubt:problem:version-conflict');
        ++conflicts;
      }
    };
    await Promise.all(Array.from({ length: clients }, increment));
    const end = await call(server, 'GET', '/admin/v1/models/counter', { key });
    assert.equal(end.json.description, String(clients));
    assert.equal(end.json.version, clients + 1);
    assert.ok(conflicts > 0, 'they met each other');
    t.diagnostic(`${conflicts} conflicts`);
  });

  await t.test('one of a hundred that make the same thing makes it', async () => {
    const answers = await Promise.all(Array.from({ length: clients }, () =>
      call(server, 'POST', '/admin/v1/groups', { key, headers: json, body: { id: 'one' } })));
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    assert.ok(answers.every(({ status }) => status === 201 || status === 409));
  });

  await t.test('a request that is sent a hundred times at once is done once', async () => {
    const body = { kind: 'test', subject: 's', reason: 'r' };
    const answers = await Promise.all(Array.from({ length: clients }, () =>
      call(server, 'POST', '/admin/v1/holds', { key, headers: { ...json, 'Idempotency-Key': 'same' }, body })));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
    assert.equal(new Set(answers.map(({ json: hold }) => hold.id)).size, 1);
    assert.equal(new Set(answers.map(({ headers }) => headers.get('redoubt-fact'))).size, 1);
    assert.equal(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null).length, 1);
  });

  await t.test('a reader of the changes misses none and sees none twice', async () => {
    const { applied } = (await call(server, 'GET', '/admin/v1/state', { key })).json;
    const controller = new AbortController();
    const stream = await fetch(`${server.url}/admin/v1/changes?after=${applied}`,
      { headers: { Authorization: `Bearer ${key}` }, signal: controller.signal });
    const decoder = new TextDecoder();
    const seen = [];
    const reading = (async () => {
      let text = '';
      for await (const piece of stream.body) {
        text += decoder.decode(piece, { stream: true });
        const events = text.split('\n\n');
        text = events.pop();
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event);
          if (data) seen.push(JSON.parse(data[1]));
        }
        if (seen.length >= clients) return;
      }
    })();
    await Promise.all(Array.from({ length: clients }, (_, i) =>
      call(server, 'POST', '/admin/v1/models', { key, headers: json, body: { name: `m${i}`, upstream: 'u' } })));
    await reading;
    controller.abort();
    assert.deepEqual(seen.map(({ index }) => index), Array.from({ length: clients }, (_, i) => applied + 1 + i));
    assert.equal(new Set(seen.map(({ object }) => object)).size, clients);
  });
});
