// The document against the specification of OpenAPI, by a validator of others.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { call, fetchDocument, operationsOf, resolve, startServer } from './support.mjs';

test('the document', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const document = await fetchDocument(server);

  await t.test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    assert.deepEqual(result.errors ?? [], []);
    assert.equal(result.valid, true);
    assert.equal(validator.version, '3.1');
    assert.ok(validator.resolveRefs());
  });

  await t.test('is anyone\'s to read, and nothing else but health is', async () => {
    // All at once, for strangers are answered late.
    await Promise.all(operationsOf(document).map(async ({ path, method, operation }) => {
      const anyone = operation.security?.length === 0;
      assert.equal(anyone, ['getDocument', 'getHealth'].includes(operation.operationId), operation.operationId);
      if (anyone) return;
      const concrete = path.replace(/\{[^}]+\}/g, 'x');
      const { status, headers, json } = await call(server, method, concrete);
      assert.ok(status === 401 || status === 429, `${operation.operationId}: ${status}`);
      assert.ok(status === 429 || headers.get('www-authenticate').startsWith('Bearer'));
      assert.equal(json.status, status);
    }));
  });

  await t.test('names every operation once, and a permission for each', () => {
    const ids = operationsOf(document).map(({ operation }) => operation.operationId);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.length > 35, `${ids.length} operations`);
    for (const { operation } of operationsOf(document)) {
      if (operation.security?.length !== 0) assert.match(operation['x-redoubt-action'], /^[a-z][A-Za-z]+$/);
    }
  });

  await t.test('gives every problem one form', () => {
    for (const { operation } of operationsOf(document)) {
      for (const [status, reference] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue;
        const response = resolve(document, reference);
        assert.deepEqual(response.content['application/problem+json'].schema, { $ref: '#/components/schemas/Problem' });
      }
    }
  });
});
