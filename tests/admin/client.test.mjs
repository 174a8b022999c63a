// A client that a generator of others makes from the document: it compiles, and does what the document says.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import openapiTS, { astToString } from 'openapi-typescript';
import { fetchDocument, startServer } from './support.mjs';

test('a generated client', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const folder = new URL('./generated/', import.meta.url);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(new URL('schema.ts', folder), astToString(await openapiTS(await fetchDocument(server))));

  await t.test('compiles, and refuses what the document does not have', () => {
    const tsc = new URL('./node_modules/typescript/bin/tsc', import.meta.url).pathname;
    execFileSync(process.execPath, [tsc, '-p', '.'], { cwd: new URL('.', import.meta.url), stdio: 'inherit' });
  });

  await t.test('makes, uses, replaces and revokes a key', async () => {
    const { run } = await import(new URL('out/client.js', folder));
    assert.deepEqual(await run(server.url, server.keys.alice), [
      'create principal 201',
      'groups auditors',
      'issue key 201',
      'use key 200',
      'use key beyond its scope 403',
      'rotate key 201',
      'revoke key 200',
      'revoke key 200',
      'use revoked key 401',
      'urn:redoubt:problem:unauthenticated',
      'change a stale version 409',
      'delete principal 204',
    ]);
  });
});
