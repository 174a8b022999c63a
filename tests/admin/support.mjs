// What the tests of the administrative interface share: a server, calls to it, and its document.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export const seed = Number(process.env.REDOUBT_SEED ?? randomInt(2 ** 31));
console.log(`seed ${seed} (REDOUBT_SEED=${seed} repeats it)`);

// A server of its own: { url, keys, stop() }. `keys` are of alice and bob (administrators), carol (auditor), app.
export async function startServer() {
  const program = spawn(process.env.ADMIN_TEST_SERVER, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => program.once('exit', (code, signal) => resolve({ code, signal })));
  const lines = createInterface({ input: program.stdout });
  const line = await Promise.race([
    new Promise((resolve) => lines.once('line', resolve)),
    ended.then(({ code, signal }) => { throw new Error(`the server ended with ${code ?? signal}`); }),
  ]);
  const { url, keys } = JSON.parse(line);
  return {
    url,
    keys,
    running: () => program.exitCode === null && program.signalCode === null,
    // Ends it; how it ended.
    stop: () => {
      program.stdin.end();
      return ended;
    },
  };
}

// One call: { status, headers, text, json }.
export async function call(server, method, path, { key, headers = {}, body } = {}) {
  const response = await fetch(server.url + path, {
    method,
    headers: { ...(key ? { Authorization: `Bearer ${key}` } : {}), ...headers },
    body: body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  }).catch((error) => { throw new Error(`${method} ${path}: ${error.cause ?? error}`); });
  const text = await response.text();
  let json;
  try {
    json = text === '' ? undefined : JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

export async function fetchDocument(server) {
  return (await call(server, 'GET', '/admin/v1/openapi.json')).json;
}

// The operations of the document: { path, method, operation, parameters }, references resolved one level.
export function operationsOf(document) {
  const out = [];
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      out.push({
        path,
        method: method.toUpperCase(),
        operation,
        parameters: (operation.parameters ?? []).map((parameter) => resolve(document, parameter)),
      });
    }
  }
  return out;
}

export function resolve(document, value) {
  if (!value?.$ref) return value;
  return value.$ref.slice(2).split('/').reduce((at, part) => at[part.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}

// Judges whether a value fits a schema of the document. With `closed`, members that no schema of an answer names are a
// fault: readers should ignore them, but a test should not.
export function makeJudge(document, { closed }) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  const copy = structuredClone(document.components.schemas);
  if (closed) {
    const close = (schema) => {
      if (schema === null || typeof schema !== 'object') return;
      if (schema.type === 'object' && schema.properties && schema.additionalProperties === undefined) {
        schema.additionalProperties = false;
      }
      Object.values(schema).forEach(close);
    };
    close(copy);
  }
  ajv.addSchema({ $id: 'document', components: { schemas: copy } });
  const known = new Map();
  return (schema, value) => {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/');
    if (!known.has(text)) known.set(text, ajv.compile(JSON.parse(text)));
    const validate = known.get(text);
    return validate(value) ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message}`);
  };
}
